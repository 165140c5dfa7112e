using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>API key 59, FetchSnapshot (KIP-630). v1 directory ids and endpoints (KIP-853).</summary>
internal static class FetchSnapshotWire
{
    /// <summary>One piece. Snapshots of some ten thousand partitions have a few megabytes.</summary>
    public const int PieceBytesMax = 1024 * 1024;

    public static FetchSnapshotRequest Request(FetchSnapshotAsk ask, string clusterId) => new()
    {
        ClusterId = clusterId,
        ReplicaId = ask.Replica.Node.Value,
        MaxBytes = PieceBytesMax,
        Topics =
        [
            new FetchSnapshotRequest.TopicSnapshot
            {
                Name = QuorumWire.Topic,
                Partitions =
                [
                    new FetchSnapshotRequest.PartitionSnapshot
                    {
                        Partition = QuorumWire.Partition,
                        CurrentLeaderEpoch = ask.Epoch.Value,
                        SnapshotId = new FetchSnapshotRequest.SnapshotId { EndOffset = ask.Snapshot.EndOffset.Value, Epoch = ask.Snapshot.Epoch.Value },
                        Position = ask.Position,
                        ReplicaDirectoryId = ask.Replica.Directory,
                    },
                ],
            },
        ],
    };

    /// <summary>Null when it does not ask for the quorum's one partition.</summary>
    public static FetchSnapshotAsk? Read(FetchSnapshotRequest request) =>
        request.Topics is [{ Partitions: [var asked] } topic] && QuorumWire.IsQuorum(topic.Name, asked.Partition)
            ? new FetchSnapshotAsk(
                new ReplicaKey(new BrokerId(request.ReplicaId), asked.ReplicaDirectoryId),
                new LeaderEpoch(asked.CurrentLeaderEpoch),
                new LogPosition(new Offset(asked.SnapshotId.EndOffset), new LeaderEpoch(asked.SnapshotId.Epoch)),
                asked.Position)
            : null;

    public static FetchSnapshotResponse Response(QuorumAnswer answer, FetchSnapshotAsk ask, long size, ReadOnlyMemory<byte> piece, string listenerName)
    {
        var response = new FetchSnapshotResponse
        {
            Topics =
            [
                new FetchSnapshotResponse.TopicSnapshot
                {
                    Name = QuorumWire.Topic,
                    Partitions =
                    [
                        new FetchSnapshotResponse.PartitionSnapshot
                        {
                            Index = QuorumWire.Partition,
                            ErrorCode = answer.Error,
                            SnapshotId = new FetchSnapshotResponse.SnapshotId { EndOffset = ask.Snapshot.EndOffset.Value, Epoch = ask.Snapshot.Epoch.Value },
                            CurrentLeader = new FetchSnapshotResponse.LeaderIdAndEpoch { LeaderId = QuorumWire.Wire(answer.Leader), LeaderEpoch = answer.Epoch.Value },
                            Size = size,
                            Position = ask.Position,
                            UnalignedRecords = piece,
                        },
                    ],
                },
            ],
        };
        if (answer.Leader is { } leader && QuorumWire.Endpoint(answer.LeaderEndpoints, listenerName) is { } at)
        {
            response.NodeEndpoints.Add(new FetchSnapshotResponse.NodeEndpoint { NodeId = leader.Value, Host = at.Host, Port = at.Port });
        }

        return response;
    }

    /// <summary>The bytes, if any, stay in the response.</summary>
    public static FetchSnapshotAnswer Read(FetchSnapshotResponse response, string listenerName, out long position, out ReadOnlyMemory<byte> piece)
    {
        (position, piece) = (0, default);
        if (response.ErrorCode != ErrorCode.None || response.Topics is not [{ Partitions: [var partition] }])
        {
            return new FetchSnapshotAnswer(
                response.ErrorCode == ErrorCode.None ? ErrorCode.UnknownServerError : response.ErrorCode, null, LeaderEpoch.Unknown, 0, 0);
        }

        (position, piece) = (partition.Position, partition.UnalignedRecords);
        BrokerId? leader = QuorumWire.Leader(partition.CurrentLeader.LeaderId);
        FetchSnapshotResponse.NodeEndpoint? at = response.NodeEndpoints.FirstOrDefault(node => node.NodeId == partition.CurrentLeader.LeaderId);
        return new FetchSnapshotAnswer(
            partition.ErrorCode, leader, new LeaderEpoch(partition.CurrentLeader.LeaderEpoch), partition.Size, position + piece.Length)
        {
            LeaderEndpoints = QuorumWire.Endpoints(listenerName, at?.Host, at?.Port ?? 0),
        };
    }
}
