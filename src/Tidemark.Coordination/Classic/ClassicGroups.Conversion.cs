using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>A group that changes its kind while it lives (KIP-848): what the other kind needs of this one.</summary>
public sealed partial class ClassicGroups
{
    /// <summary>The group with its members as long as it is a classic one, or null.</summary>
    public ClassicGroup? FindClassic(string group) => _groups.Find(group);

    /// <summary>
    /// The group goes over to another kind. Who waits is told to come again, and the group's record is removed; <paramref name="group"/> keeps its
    /// members for the caller to read, and is the group again should the write fail.
    /// </summary>
    public void HandOver(ClassicGroup group)
    {
        foreach (ClassicMember member in group.Members)
        {
            AnswerJoin(group, member, ClassicAnswers.RefuseJoin(member.Id, ErrorCode.RebalanceInProgress));
            AnswerSync(member, ClassicAnswers.RefuseSync(ErrorCode.RebalanceInProgress));
        }

        DeleteAll(group.Id);
    }

    /// <summary>
    /// Makes a group that was of another kind, and whose records the caller has removed, a classic one: stable, with the members and their
    /// assignments, led by the first, with the protocol they choose.
    /// </summary>
    /// <param name="generation">The generation that the members are told they are in.</param>
    /// <param name="rebalance">Why the members are called in at once; null when the assignment stays as it is.</param>
    public ClassicGroup TakeOver(string id, int generation, IEnumerable<ClassicMember> members, string? rebalance, ShardTime now)
    {
        var group = new ClassicGroup(this, id, now.UnixMs);
        foreach (ClassicMember member in members)
        {
            group.Add(member, ClassicGroup.ConsumerProtocolType);
        }

        group.Rest(generation, ClassicGroup.ConsumerProtocolType, null, null);
        _groups.Set(id, group);
        WriteGroup(group, group.Members.ToDictionary(m => m.Id, m => m.Assignment, StringComparer.Ordinal));
        foreach (ClassicMember member in group.Members)
        {
            ExtendSession(group, member, now);
        }

        if (rebalance is not null)
        {
            PrepareRebalance(group, rebalance, now);
        }

        return group;
    }
}
