using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Groups;

/// <summary>The requests that serve groups of every kind: listing them and deleting them.</summary>
public static class GroupListing
{
    /// <summary>The groups of a shard that pass the filters; an empty filter lets all pass. Case and blanks do not count (KIP-518, KIP-848).</summary>
    public static void List(this GroupShard shard, long ticket, ListGroupsRequest request)
    {
        string[] states = [.. request.StatesFilter.Select(s => s.Trim())];
        string[] types = [.. request.TypesFilter.Select(t => t.Trim())];
        var response = new ListGroupsResponse();
        foreach (IGroup group in shard.All)
        {
            if (Passes(states, group.State) && Passes(types, group.Kind))
            {
                response.Groups.Add(new() { GroupId = group.Id, ProtocolType = group.ProtocolType, GroupState = group.State, GroupType = group.Kind });
            }
        }

        shard.Respond(ticket, response);
    }

    /// <summary>Deletes groups of a shard with their offsets: those that have no members.</summary>
    public static void Delete(this GroupShard shard, long ticket, IEnumerable<string> groups)
    {
        var response = new DeleteGroupsResponse();
        foreach (string id in groups)
        {
            ErrorCode error = shard.Find(id)?.CheckDelete() ?? ErrorCode.GroupIdNotFound;
            if (error == ErrorCode.None)
            {
                shard.Delete(id);
                shard.Emit(new Note($"group {id} was deleted with its offsets, as asked for"));
            }

            response.Results.Add(new() { GroupId = id, ErrorCode = error });
        }

        shard.Respond(ticket, response);
    }

    private static bool Passes(string[] filter, string word) => filter.Length == 0 || filter.Contains(word, StringComparer.OrdinalIgnoreCase);
}
