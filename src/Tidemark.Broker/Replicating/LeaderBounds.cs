using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Replicating;

/// <summary>Asks a leader where its log begins and ends, as a replica, which is told the log's end and not the high watermark.</summary>
internal static class LeaderBounds
{
    /// <summary>Null when the leader did not say: the follower asks again later.</summary>
    public static async Task<(Offset Start, Offset End)?> Ask(NodeLink link, FetcherServices services, WantedPartition asked)
    {
        Offset? start = await Ask(link, services, asked, OffsetTimes.Earliest);
        Offset? end = start is null ? null : await Ask(link, services, asked, OffsetTimes.Latest);
        return end is null ? null : (start!.Value, end.Value);
    }

    private static async Task<Offset?> Ask(NodeLink link, FetcherServices services, WantedPartition asked, long timestamp)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = services.Self.Value,
            Topics =
            [
                new ListOffsetsRequest.ListOffsetsTopic
                {
                    Name = asked.Partition.Name.Topic,
                    Partitions =
                    [
                        new ListOffsetsRequest.ListOffsetsPartition
                        {
                            PartitionIndex = asked.Partition.Name.Partition,
                            CurrentLeaderEpoch = asked.At.Follower.Epoch.Value,
                            Timestamp = timestamp,
                        },
                    ],
                },
            ],
        };
        try
        {
            ListOffsetsResponse response = await link.Send<ListOffsetsRequest, ListOffsetsResponse>(request, services.Options.AnswerTimeout);
            return response.Topics is [{ Partitions: [{ ErrorCode: ErrorCode.None, Offset: >= 0 and var offset }] }] ? new Offset(offset) : null;
        }
        catch (LinkException)
        {
            return null;
        }
    }
}
