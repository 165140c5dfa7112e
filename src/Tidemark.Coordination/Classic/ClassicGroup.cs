using Tidemark.Coordination.Groups;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>
/// A group whose members agree on an assignment among themselves: one of them, the leader, makes it, and the coordinator collects and
/// hands out. Also what keeps the offsets of somebody who uses no membership at all.
/// Its members and its state are ahead of the record that was last written for it, as in Apache Kafka: a rebalance writes one record, at its end.
/// </summary>
public sealed partial class ClassicGroup(ClassicGroups owner, string id, long? sinceMs) : IGroup
{
    /// <summary>What the consumers of Kafka's clients call their protocol.</summary>
    internal const string ConsumerProtocolType = "consumer";

    private ClassicState _before;

    public string Id { get; } = id;

    public string Kind => "classic";

    public ClassicState Phase { get; private set; }

    public string State => Phase.ToString();

    public int Generation { get; internal set; }

    /// <summary>What kind of protocol its members speak; null until somebody joined.</summary>
    public string? ProtocolType { get; internal set; }

    /// <summary>The protocol that the members of this generation use.</summary>
    public string? Protocol { get; internal set; }

    /// <summary>The member that makes the assignment.</summary>
    public string? Leader { get; private set; }

    /// <summary>When it came to its state, in Unix milliseconds; null in groups of old records.</summary>
    public long? SinceMs { get; internal set; } = sinceMs;

    /// <summary>Why the group rebalanced last and when, in Unix milliseconds; null as long as it did not since it was loaded.</summary>
    public (string Reason, long AtMs)? LastRebalance { get; internal set; }

    /// <summary>A rebalance of a group that was empty gives others time to come too.</summary>
    internal bool IsFirstRebalance => Phase == ClassicState.PreparingRebalance && _before == ClassicState.Empty;

    /// <summary>Of the first rebalance: how long this wait is and how much of the rebalance timeout is left after it. Null when it waits no more.</summary>
    internal (int DelayMs, int LeftMs)? FirstWait { get; set; }

    /// <summary>Somebody came during the first rebalance's wait, which is a reason to wait on.</summary>
    internal bool SomebodyCame { get; set; }

    string IGroup.ProtocolType => ProtocolType ?? "";

    public void OnCommit(string member, ShardTime now) => owner.ExtendSession(this, member, now);

    internal void MoveTo(ClassicState state, long nowMs)
    {
        bool legal = state switch
        {
            ClassicState.Empty => Phase == ClassicState.PreparingRebalance,
            ClassicState.PreparingRebalance => Phase != ClassicState.PreparingRebalance,
            ClassicState.CompletingRebalance => Phase == ClassicState.PreparingRebalance,
            _ => Phase == ClassicState.CompletingRebalance,
        };
        Invariant.Require(legal, "a classic group's states follow each other in order");
        _before = Phase;
        Phase = state;
        SinceMs = nowMs;
    }

    /// <summary>The next generation begins, with the protocol that its members choose.</summary>
    internal void BeginGeneration(long nowMs)
    {
        Generation = unchecked(Generation + (Plants.IsOn(Plant.GenerationNotRaised) && Generation > 0 ? 0 : 1));
        Protocol = _members.Count == 0 ? null : ChooseProtocol();
        LearnTopics();
        MoveTo(_members.Count == 0 ? ClassicState.Empty : ClassicState.CompletingRebalance, nowMs);
        PendingSync.Clear();
    }

    /// <summary>A group as a record tells of it, or as a group of another kind leaves it: at rest.</summary>
    internal void Rest(int generation, string? protocolType, string? protocol, string? leader)
    {
        Generation = generation;
        ProtocolType = protocolType;
        Protocol = protocol ?? (_members.Count == 0 ? null : ChooseProtocol());
        Leader = leader ?? Leader;
        Phase = _members.Count == 0 ? ClassicState.Empty : ClassicState.Stable;
        _before = Phase;
        LearnTopics();
    }
}
