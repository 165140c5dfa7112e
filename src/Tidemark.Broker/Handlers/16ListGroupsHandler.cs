using Tidemark.Broker.Connections;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 16, ListGroups: the groups of every kind that this broker coordinates.
/// v4 by state (KIP-518) · v5 by type (KIP-848).
/// </summary>
public sealed class ListGroupsHandler(Coordinators<GroupShard> groups) : MessageHandler<ListGroupsRequest, ListGroupsResponse>(ApiKey.ListGroups, 0, 5)
{
    protected override ListGroupsResponse Refusal(ListGroupsRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    protected override async ValueTask<ListGroupsResponse> Answer(ListGroupsRequest request, Request context)
    {
        ValueTask<ListGroupsResponse>[] parts =
        [
            .. groups.Shards.Select(driver => driver.Ask((shard, ticket, _) => shard.List(ticket, request), error => new ListGroupsResponse { ErrorCode = error })),
        ];
        var response = new ListGroupsResponse();
        foreach (ValueTask<ListGroupsResponse> part in parts)
        {
            ListGroupsResponse listed = await part;
            response.Groups.AddRange(listed.Groups);

            // The groups of a shard that went to another broker are listed by that one; of one that is being read nobody knows.
            if (listed.ErrorCode is not (ErrorCode.None or ErrorCode.NotCoordinator))
            {
                response.ErrorCode = listed.ErrorCode;
            }
        }

        return response.ErrorCode == ErrorCode.None ? response : new() { ErrorCode = response.ErrorCode };
    }
}
