using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 55, DescribeQuorum: leader, epoch and voters of the metadata quorum.
/// v1 times of the voters' fetches · v2 directories and the controllers' endpoints (KIP-853).
/// </summary>
public sealed class DescribeQuorumHandler(MetadataDriver controller)
    : MessageHandler<DescribeQuorumRequest, DescribeQuorumResponse>(ApiKey.DescribeQuorum, 0, 2)
{
    protected override DescribeQuorumResponse Refusal(DescribeQuorumRequest request, ErrorCode error, short version) => new() { ErrorCode = error, ErrorMessage = null };

    protected override async ValueTask<DescribeQuorumResponse> Answer(DescribeQuorumRequest request, Request context)
    {
        DescribeQuorumResponse response = await controller.DescribeQuorum(request);
        if (context.ApiVersion < 2)
        {
            response.Nodes.Clear();
            foreach (DescribeQuorumResponse.ReplicaState voter in response.Topics.SelectMany(topic => topic.Partitions).SelectMany(partition => partition.CurrentVoters.Concat(partition.Observers)))
            {
                voter.ReplicaDirectoryId = default;
            }
        }

        return response;
    }
}
