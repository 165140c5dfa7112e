using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Fetching;

/// <summary>
/// Writes the answer to a fetch. The records are not copied: the frame names ranges of files between the pieces in memory, and keeps them
/// open until it is sent. This is why the response is written by hand here; a test holds it against the generated message at every version.
/// </summary>
internal sealed class FetchAnswer(IClusterView cluster)
{
    /// <summary>What a partition takes besides its records, with room to spare.</summary>
    private const int BytesPerPartition = 96;

    /// <summary>A session that cannot be: nothing is told but the error.</summary>
    public void SendError(Request request, ErrorCode error) => request.Respond(new FetchResponse { ErrorCode = error });

    /// <summary>
    /// Tells that the whole request failed. Clients of before version 13 look for the error in each partition.
    /// </summary>
    public void Refuse(Request context, FetchRequest request, ErrorCode error, bool tellsPartitions)
    {
        var response = new FetchResponse { ErrorCode = context.ApiVersion >= 7 ? error : ErrorCode.None, SessionId = context.ApiVersion >= 7 ? request.SessionId : 0 };
        foreach (FetchRequest.FetchTopic topic in tellsPartitions ? request.Topics : [])
        {
            response.Responses.Add(new()
            {
                Topic = topic.Topic,
                TopicId = topic.TopicId,
                Partitions = [.. topic.Partitions.Select(p => Failed(p.Partition, error))],
            });
        }

        context.Respond(response);
    }

    private static FetchResponse.PartitionData Failed(int partition, ErrorCode error) => new()
    {
        PartitionIndex = partition,
        ErrorCode = error,
        HighWatermark = -1,
        LastStableOffset = -1,
        AbortedTransactions = [],
        Records = ReadOnlyMemory<byte>.Empty,
    };

    /// <summary>The answer to what was read; it holds the files open until it is sent or disposed.</summary>
    public OutboundFrame Compose(Request request, FetchContext context, in FetchSettings settings, ReadOnlySpan<FetchedPartition> results)
    {
        Span<bool> told = results.Length <= 256 ? stackalloc bool[results.Length] : new bool[results.Length];
        int topics = 0;
        FetchKey last = default;
        for (int i = 0; i < results.Length; i++)
        {
            told[i] = context.MustTell(results[i]);
            if (told[i])
            {
                FetchKey key = results[i].Target.Key;
                topics += topics == 0 || !SameTopic(key, last) ? 1 : 0;
                last = key;
            }
        }

        var writer = new FetchResponseWriter(request, request.BeginResponse(64 + (results.Length * BytesPerPartition)));
        writer.Begin(context.SessionId, topics);
        for (int i = 0; i < results.Length;)
        {
            if (!told[i])
            {
                results[i].Result.Slice?.Dispose();
                i++;
                continue;
            }

            FetchKey key = results[i].Target.Key;
            int end = i;
            int count = 0;
            for (; end < results.Length && (!told[end] || SameTopic(results[end].Target.Key, key)); end++)
            {
                count += told[end] ? 1 : 0;
            }

            writer.BeginTopic(key, count);
            for (; i < end; i++)
            {
                if (told[i])
                {
                    WritePartition(request, settings, writer, results[i]);
                }
                else
                {
                    results[i].Result.Slice?.Dispose();
                }
            }

            writer.EndTopic();
        }

        return writer.End();
    }

    private void WritePartition(Request request, in FetchSettings settings, FetchResponseWriter writer, in FetchedPartition fetched)
    {
        LeaderHint? leader = null;
        if (fetched.Result.Error is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch && request.ApiVersion >= 16)
        {
            leader = cluster.LeaderOf(fetched.Target.Partition?.TopicId ?? fetched.Target.Key.TopicId, fetched.Target.Key.Partition, request.Connection.Info.ListenerName);
            if (leader is { Endpoint: { } endpoint } && !settings.IsFollower)
            {
                writer.AddEndpoint(endpoint);
            }
        }

        // Unknown partitions and read_committed get an empty list, all others null, as in Kafka.
        writer.Partition(fetched.Target.Key.Partition, fetched.Result, emptyAborted: fetched.Unknown, leader);
    }

    private static bool SameTopic(in FetchKey a, in FetchKey b) => a.TopicId == b.TopicId && a.Topic == b.Topic;
}
