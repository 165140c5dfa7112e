using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 46, ListPartitionReassignments: the moves of partitions that are under way (KIP-455).
/// </summary>
public sealed class ListPartitionReassignmentsHandler(ClusterState cluster)
    : MessageHandler<ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse>(ApiKey.ListPartitionReassignments, 0, 0)
{
    protected override ListPartitionReassignmentsResponse Refusal(ListPartitionReassignmentsRequest request, ErrorCode error, short version) => new()
    {
        ErrorCode = error,
        ErrorMessage = null,
        Topics =
        [
            .. (request.Topics ?? []).Select(topic => new ListPartitionReassignmentsResponse.OngoingTopicReassignment
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.PartitionIndexes.Select(index => new ListPartitionReassignmentsResponse.OngoingPartitionReassignment { PartitionIndex = index }),
                ],
            }),
        ],
    };

    protected override ValueTask<ListPartitionReassignmentsResponse> Answer(ListPartitionReassignmentsRequest request, Request context) =>
        new(ListPartitionReassignments.Answer(cluster.Image, request));
}
