using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>
/// API key 1, Fetch of the metadata log (KIP-595). Within the quorum there are no sessions and one partition. v13 by topic id ·
/// v15 the replica in a struct · v17 directory ids (KIP-853) · v18 the fetcher's high watermark (KIP-1166).
/// </summary>
internal static class FetchWire
{
    /// <summary>A batch of the metadata log fits many times; a fetcher that is far behind takes a snapshot anyway.</summary>
    private const int BytesMax = 8 * 1024 * 1024;

    public static FetchRequest Request(FetchAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        ReplicaState = new FetchRequest.ReplicaStateValue { ReplicaId = ask.Replica.Node.Value },
        MaxWaitMs = (int)ask.MaxWait.TotalMilliseconds,
        MinBytes = 1,
        MaxBytes = BytesMax,
        Topics =
        [
            new FetchRequest.FetchTopic
            {
                TopicId = Uuid.Metadata,
                Partitions =
                [
                    new FetchRequest.FetchPartition
                    {
                        Partition = QuorumWire.Partition,
                        CurrentLeaderEpoch = ask.Epoch.Value,
                        FetchOffset = ask.End.EndOffset.Value,
                        LastFetchedEpoch = ask.End.Epoch.Value,
                        PartitionMaxBytes = BytesMax,
                        ReplicaDirectoryId = ask.Replica.Directory,
                        HighWatermark = ask.HighWatermark.Value,
                    },
                ],
            },
        ],
    };

    /// <summary>Null when it does not ask for the quorum's one partition.</summary>
    public static FetchAsk? Read(FetchRequest request, short version)
    {
        if (request.Topics is not [{ Partitions: [{ Partition: QuorumWire.Partition } asked] } topic]
            || (version >= 13 ? topic.TopicId != Uuid.Metadata : topic.Topic != QuorumWire.Topic))
        {
            return null;
        }

        int replica = version >= 15 ? request.ReplicaState.ReplicaId : request.ReplicaId;
        return new FetchAsk(
            new ReplicaKey(new BrokerId(replica), asked.ReplicaDirectoryId),
            new LeaderEpoch(asked.CurrentLeaderEpoch),
            new LogPosition(new Offset(asked.FetchOffset), new LeaderEpoch(asked.LastFetchedEpoch)),
            new Offset(asked.HighWatermark),
            TimeSpan.FromMilliseconds(request.MaxWaitMs));
    }

    public static FetchResponse Response(FetchAnswer answer, Offset logStart, ReadOnlyMemory<byte> records, bool byId, string listenerName)
    {
        var partition = new FetchResponse.PartitionData
        {
            PartitionIndex = QuorumWire.Partition,
            ErrorCode = answer.Error,
            HighWatermark = answer.HighWatermark.Value,
            LogStartOffset = logStart.Value,
            CurrentLeader = new FetchResponse.LeaderIdAndEpoch { LeaderId = QuorumWire.Wire(answer.Leader), LeaderEpoch = answer.Epoch.Value },
            Records = records,
        };
        if (answer.Diverging is { } diverging)
        {
            partition.DivergingEpoch = new FetchResponse.EpochEndOffset { Epoch = diverging.Epoch.Value, EndOffset = diverging.EndOffset.Value };
        }

        if (answer.Snapshot is { } snapshot)
        {
            partition.SnapshotId = new FetchResponse.SnapshotId { EndOffset = snapshot.EndOffset.Value, Epoch = snapshot.Epoch.Value };
        }

        var response = new FetchResponse
        {
            Responses =
            [
                new FetchResponse.FetchableTopicResponse
                {
                    Topic = byId ? "" : QuorumWire.Topic,
                    TopicId = byId ? Uuid.Metadata : Uuid.Zero,
                    Partitions = [partition],
                },
            ],
        };
        if (answer.Leader is { } leader && QuorumWire.Endpoint(answer.LeaderEndpoints, listenerName) is { } at)
        {
            response.NodeEndpoints.Add(new FetchResponse.NodeEndpoint { NodeId = leader.Value, Host = at.Host, Port = at.Port });
        }

        return response;
    }

    /// <summary>The records, if any, stay in the response.</summary>
    public static FetchAnswer Read(FetchResponse response, string listenerName, out ReadOnlyMemory<byte> records)
    {
        records = default;
        if (response.ErrorCode != ErrorCode.None || response.Responses is not [{ Partitions: [var partition] }])
        {
            return new FetchAnswer(
                response.ErrorCode == ErrorCode.None ? ErrorCode.UnknownServerError : response.ErrorCode, null, LeaderEpoch.Unknown, Offset.Unknown);
        }

        records = partition.Records ?? default;
        BrokerId? leader = QuorumWire.Leader(partition.CurrentLeader.LeaderId);
        FetchResponse.NodeEndpoint? at = response.NodeEndpoints.FirstOrDefault(node => node.NodeId == partition.CurrentLeader.LeaderId);
        return new FetchAnswer(partition.ErrorCode, leader, new LeaderEpoch(partition.CurrentLeader.LeaderEpoch), new Offset(partition.HighWatermark))
        {
            Diverging = partition.DivergingEpoch is { Epoch: >= 0, EndOffset: >= 0 } diverging
                ? new LogPosition(new Offset(diverging.EndOffset), new LeaderEpoch(diverging.Epoch))
                : null,
            Snapshot = partition.SnapshotId is { Epoch: >= 0, EndOffset: >= 0 } snapshot
                ? new LogPosition(new Offset(snapshot.EndOffset), new LeaderEpoch(snapshot.Epoch))
                : null,
            HasRecords = records.Length > 0,
            LeaderEndpoints = QuorumWire.Endpoints(listenerName, at?.Host, at?.Port ?? 0),
        };
    }
}
