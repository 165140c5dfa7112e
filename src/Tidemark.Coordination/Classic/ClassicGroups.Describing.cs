using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>What a classic group tells of itself.</summary>
public sealed partial class ClassicGroups
{
    private const short NotFoundIsToldFrom = 6;

    /// <summary>Describes groups of this shard. One of another kind is none here.</summary>
    public void Describe(long ticket, IEnumerable<string> groups, short version) =>
        Shard.Respond(ticket, new DescribeGroupsResponse { Groups = [.. groups.Select(g => Describe(g, version))] });

    /// <summary>A group that could not be asked for.</summary>
    public static DescribeGroupsResponse.DescribedGroup Undescribed(string group, ErrorCode error) => new() { GroupId = group, ErrorCode = error };

    private DescribeGroupsResponse.DescribedGroup Describe(string id, short version)
    {
        if (_groups.Find(id) is not { } group)
        {
            bool told = version >= NotFoundIsToldFrom;
            string kind = Shard.Find(id)?.Kind is { } other ? $"is a {other} group, not a classic one" : "does not exist";
            return new()
            {
                GroupId = id,
                GroupState = "Dead",
                ErrorCode = told ? ErrorCode.GroupIdNotFound : ErrorCode.None,
                ErrorMessage = told ? Told.Short($"Group {id} {kind}.") : null,
            };
        }

        bool stable = group.Phase == ClassicState.Stable;
        return new()
        {
            GroupId = id,
            GroupState = group.State,

            // Kafka has nothing to say there; its clients look at it where there is an error only.
            ErrorMessage = version >= NotFoundIsToldFrom ? WhyRebalanced(group) : null,
            ProtocolType = group.ProtocolType ?? "",
            ProtocolData = stable ? group.Protocol ?? "" : "",
            Members =
            [
                .. group.Members.Select(member => new DescribeGroupsResponse.DescribedGroupMember
                {
                    MemberId = member.Id,
                    GroupInstanceId = member.InstanceId,
                    ClientId = member.Client.Id,
                    ClientHost = member.Client.Host,
                    MemberMetadata = stable ? member.MetadataOf(group.Protocol) : default,
                    MemberAssignment = member.Assignment,
                }),
            ],
        };
    }

    /// <summary>In a form that <c>tidemark groups describe</c> reads: a core knows no calendar.</summary>
    private static string? WhyRebalanced(ClassicGroup group) => group.LastRebalance is ({ } reason, var at)
        ? $"generation {group.Generation}, last rebalance at {at}: {reason}"
        : null;
}
