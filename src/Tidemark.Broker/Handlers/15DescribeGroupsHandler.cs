using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 15, DescribeGroups: classic groups and their members.
/// v3 what the client may do (KIP-430) · v4 instances of static members (KIP-345) · v6 GROUP_ID_NOT_FOUND with a message (KIP-1043); before that
/// a group that does not exist is one that is dead.
/// </summary>
public sealed class DescribeGroupsHandler(Coordinators<GroupShard> groups)
    : MessageHandler<DescribeGroupsRequest, DescribeGroupsResponse>(ApiKey.DescribeGroups, 0, 6)
{
    private const short OperationsFrom = 3;

    protected override DescribeGroupsResponse Refusal(DescribeGroupsRequest request, ErrorCode error, short version) => Refuse(request.Groups, error);

    protected override async ValueTask<DescribeGroupsResponse> Answer(DescribeGroupsRequest request, Request context)
    {
        List<DescribeGroupsResponse> parts = await groups.AskForEach(
            request.Groups,
            (shard, ticket, names) => shard.Classic.Describe(ticket, names, context.ApiVersion),
            Refuse);
        var response = new DescribeGroupsResponse { Groups = [.. parts.SelectMany(p => p.Groups)] };
        if (request.IncludeAuthorizedOperations && context.ApiVersion >= OperationsFrom)
        {
            foreach (DescribeGroupsResponse.DescribedGroup group in response.Groups.Where(g => g.ErrorCode == ErrorCode.None))
            {
                group.AuthorizedOperations = AuthorizedOperations.AllOnGroup;
            }
        }

        return response;
    }

    private static DescribeGroupsResponse Refuse(IReadOnlyList<string> names, ErrorCode error) =>
        new() { Groups = [.. names.Select(name => ClassicGroups.Undescribed(name, error))] };
}
