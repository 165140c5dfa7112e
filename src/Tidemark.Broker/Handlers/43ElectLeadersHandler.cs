using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Commands;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 43, ElectLeaders: gives partitions to their preferred replica, or to any that lives (KIP-460).
/// v1 the kind of election and an error for all.
/// </summary>
public sealed class ElectLeadersHandler(MetadataDriver controller)
    : ControllerHandler<ElectLeadersRequest, ElectLeadersResponse>(controller, ApiKey.ElectLeaders, 0, 2)
{
    protected override ElectLeadersResponse Refusal(ElectLeadersRequest request, ErrorCode error, short version) => new()
    {
        ErrorCode = version >= 1 ? error : ErrorCode.None,
        ReplicaElectionResults =
        [
            .. (request.TopicPartitions ?? []).Select(topic => new ElectLeadersResponse.ReplicaElectionResult
            {
                Topic = topic.Topic,
                PartitionResult =
                [
                    .. topic.Partitions.Select(id => new ElectLeadersResponse.PartitionResult { PartitionId = id, ErrorCode = error, ErrorMessage = null }),
                ],
            }),
        ],
    };

    protected override int? TimeoutMs(ElectLeadersRequest request) => request.TimeoutMs;

    protected override Decision<ElectLeadersResponse> Decide(ControllerContext state, ElectLeadersRequest request, short version) =>
        ElectLeaders.Decide(state, request, version);
}
