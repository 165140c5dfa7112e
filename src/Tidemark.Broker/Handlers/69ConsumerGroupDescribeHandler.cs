using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 69, ConsumerGroupDescribe: groups of the consumer protocol, their members, what these have and are meant to have (KIP-848).
/// v1 in which protocol each member speaks (KIP-1099).
/// </summary>
public sealed class ConsumerGroupDescribeHandler(Coordinators<GroupShard> groups)
    : MessageHandler<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(ApiKey.ConsumerGroupDescribe, 0, 1)
{
    protected override ConsumerGroupDescribeResponse Refusal(ConsumerGroupDescribeRequest request, ErrorCode error, short version) => Refuse(request.GroupIds, error);

    protected override async ValueTask<ConsumerGroupDescribeResponse> Answer(ConsumerGroupDescribeRequest request, Request context)
    {
        List<ConsumerGroupDescribeResponse> parts = await groups.AskForEach(
            request.GroupIds,
            (shard, ticket, names) => shard.Consumer.Describe(ticket, names),
            Refuse);
        var response = new ConsumerGroupDescribeResponse { Groups = [.. parts.SelectMany(p => p.Groups)] };
        if (request.IncludeAuthorizedOperations)
        {
            foreach (ConsumerGroupDescribeResponse.DescribedGroup group in response.Groups.Where(g => g.ErrorCode == ErrorCode.None))
            {
                group.AuthorizedOperations = AuthorizedOperations.AllOnGroup;
            }
        }

        return response;
    }

    private static ConsumerGroupDescribeResponse Refuse(IReadOnlyList<string> names, ErrorCode error) => new()
    {
        Groups = [.. names.Select(name => new ConsumerGroupDescribeResponse.DescribedGroup { GroupId = name, ErrorCode = name.Length == 0 ? ErrorCode.InvalidGroupId : error })],
    };
}
