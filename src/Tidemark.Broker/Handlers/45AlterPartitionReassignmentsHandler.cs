using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 45, AlterPartitionReassignments: starts and cancels moves of partitions (KIP-455).
/// v1 may forbid that the number of replicas changes (KIP-860).
/// </summary>
public sealed class AlterPartitionReassignmentsHandler(MetadataDriver controller)
    : ControllerHandler<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(controller, ApiKey.AlterPartitionReassignments, 0, 1)
{
    protected override AlterPartitionReassignmentsResponse Refusal(AlterPartitionReassignmentsRequest request, ErrorCode error, short version) => new()
    {
        ErrorCode = error,
        ErrorMessage = null,
        Responses =
        [
            .. request.Topics.Select(topic => new AlterPartitionReassignmentsResponse.ReassignableTopicResponse
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(partition => new AlterPartitionReassignmentsResponse.ReassignablePartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = error,
                        ErrorMessage = null,
                    }),
                ],
            }),
        ],
    };

    protected override int? TimeoutMs(AlterPartitionReassignmentsRequest request) => request.TimeoutMs;

    protected override Decision<AlterPartitionReassignmentsResponse> Decide(ControllerContext state, AlterPartitionReassignmentsRequest request, short version) =>
        AlterPartitionReassignments.Decide(state, request);
}
