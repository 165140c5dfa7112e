using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>API key 42, DeleteGroups: groups of every kind, with their offsets, as long as they have no members (KIP-229).</summary>
public sealed class DeleteGroupsHandler(Coordinators<GroupShard> groups) : MessageHandler<DeleteGroupsRequest, DeleteGroupsResponse>(ApiKey.DeleteGroups, 0, 2)
{
    protected override DeleteGroupsResponse Refusal(DeleteGroupsRequest request, ErrorCode error, short version) => Refuse(request.GroupsNames, error);

    protected override async ValueTask<DeleteGroupsResponse> Answer(DeleteGroupsRequest request, Request context)
    {
        List<DeleteGroupsResponse> parts = await groups.AskForEach(
            request.GroupsNames.Distinct(StringComparer.Ordinal),
            (shard, ticket, names) => shard.Delete(ticket, names),
            Refuse);
        return new() { Results = [.. parts.SelectMany(p => p.Results)] };
    }

    private static DeleteGroupsResponse Refuse(IReadOnlyList<string> names, ErrorCode error) =>
        new() { Results = [.. names.Select(name => new DeleteGroupsResponse.DeletableGroupResult { GroupId = name, ErrorCode = error })] };
}
