using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Client.Consuming;

/// <summary>A fetch under way at one leader.</summary>
internal sealed class LeaderFetch
{
    private readonly ClusterMetadata _metadata;
    private readonly Dictionary<TopicPartition, long> _from;
    private readonly List<(TopicPartition Partition, ErrorCode Error)> _errors = [];

    private LeaderFetch(Dictionary<TopicPartition, long> from, ClusterMetadata metadata, Task<Reply<FetchResponse>> answer) =>
        (_from, _metadata, Answer) = (from, metadata, answer);

    public IEnumerable<TopicPartition> Partitions => _from.Keys;

    public Task<Reply<FetchResponse>> Answer { get; }

    /// <summary>The partitions that the answer had errors for.</summary>
    public IReadOnlyList<(TopicPartition Partition, ErrorCode Error)> Errors => _errors;

    /// <summary>Sends a fetch, over a connection that may have to be opened first: that it cannot be, or takes long, is known from the answer.</summary>
    public static LeaderFetch Send(
        ClusterClient cluster,
        ClusterMetadata metadata,
        BrokerId leader,
        IEnumerable<TopicPartition> partitions,
        Dictionary<TopicPartition, long> positions,
        ConsumerOptions options)
    {
        var from = partitions.ToDictionary(partition => partition, partition => positions[partition]);
        var request = new FetchRequest
        {
            MaxWaitMs = (int)options.MaxWait.TotalMilliseconds,
            MinBytes = options.MinBytes,
            MaxBytes = options.MaxBytes,
            IsolationLevel = (sbyte)(options.ReadCommitted ? 1 : 0),
            Topics =
            [
                .. from.GroupBy(one => one.Key.Topic).Select(topic => new FetchRequest.FetchTopic
                {
                    Topic = topic.Key,
                    TopicId = metadata.Topics[topic.Key].Id,
                    Partitions =
                    [
                        .. topic.Select(one => new FetchRequest.FetchPartition
                        {
                            Partition = one.Key.Partition,
                            FetchOffset = one.Value,
                            CurrentLeaderEpoch = metadata.Find(one.Key)?.LeaderEpoch ?? -1,
                            PartitionMaxBytes = options.PartitionMaxBytes,
                        }),
                    ],
                }),
            ],
        };
        return new LeaderFetch(from, metadata, SendAsync());

        async Task<Reply<FetchResponse>> SendAsync() => await (await cluster.ConnectToAsync(leader)).SendPooledAsync<FetchResponse>(request, options.MaxWait);
    }

    /// <summary>Takes the answer apart and moves the positions of partitions that are still wanted.</summary>
    public FetchedRecords Take(Reply<FetchResponse> reply, Dictionary<TopicPartition, long> positions, bool checksCrc, bool readCommitted)
    {
        BrokerErrorException.ThrowIfError(reply.Message.ErrorCode, "Fetching");
        var names = _metadata.Topics.Values.Where(topic => !topic.Id.IsZero).ToDictionary(topic => topic.Id, topic => topic.Name);
        var taken = new List<FetchedPartition>();
        foreach (FetchResponse.FetchableTopicResponse topic in reply.Message.Responses)
        {
            string name = topic.Topic.Length > 0 ? topic.Topic : names.GetValueOrDefault(topic.TopicId, "");
            foreach (FetchResponse.PartitionData data in topic.Partitions)
            {
                var partition = new TopicPartition(name, data.PartitionIndex);
                if (!_from.TryGetValue(partition, out long from) || positions.GetValueOrDefault(partition, -1) != from)
                {
                    continue;
                }

                if (data.ErrorCode != ErrorCode.None)
                {
                    _errors.Add((partition, data.ErrorCode));
                    continue;
                }

                ReadOnlyMemory<byte> batches = data.Records ?? default;
                long next = positions[partition] = NextOffset(partition, batches.Span, from, checksCrc);
                taken.Add(new FetchedPartition(partition, from, next, data.HighWatermark, data.LogStartOffset, batches)
                {
                    LastStableOffset = readCommitted ? data.LastStableOffset : null,
                    Aborted = readCommitted && data.AbortedTransactions is { } aborted ? [.. aborted.Select(a => new AbortedRange(new ProducerId(a.ProducerId), a.FirstOffset))] : [],
                });
            }
        }

        return new FetchedRecords(taken, reply);
    }

    private static long NextOffset(TopicPartition partition, ReadOnlySpan<byte> batches, long from, bool checksCrc)
    {
        long next = from;
        for (; StoredBatch.TryTake(batches, out StoredBatch batch); batches = batches[(int)batch.SizeInBytes..])
        {
            if (checksCrc && !batch.CrcIsValid())
            {
                throw new ClientException($"The batch of {partition} at offset {batch.BaseOffset} has a wrong checksum");
            }

            next = Math.Max(next, batch.LastOffset.Value + 1);
        }

        var walk = new BatchWalk(batches);
        if (!batches.IsEmpty && !walk.MoveNext() && walk.EndedCorrupt && walk.Fault != BatchFault.OldFormat)
        {
            throw new ClientException($"Reading {partition} at offset {next}: {walk.Describe()}");
        }

        return next;
    }
}
