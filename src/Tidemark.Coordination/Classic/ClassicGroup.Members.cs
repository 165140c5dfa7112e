using Tidemark.Primitives;

namespace Tidemark.Coordination.Classic;

/// <summary>Who is in the group, who is expected, and who leads.</summary>
public sealed partial class ClassicGroup
{
    private readonly Dictionary<string, ClassicMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ClassicMember> _static = new(StringComparer.Ordinal);
    private int _awaitingJoin;

    public IReadOnlyCollection<ClassicMember> Members => _members.Values;

    /// <summary>Ids that were given out and with which nobody joined yet.</summary>
    internal HashSet<string> PendingJoin { get; } = new(StringComparer.Ordinal);

    /// <summary>Members of the generation that did not ask for their assignment yet.</summary>
    internal HashSet<string> PendingSync { get; } = new(StringComparer.Ordinal);

    /// <summary>How many wait for the rebalance's next step.</summary>
    internal int AwaitingJoin => _awaitingJoin;

    internal bool AllJoined => _members.Count == _awaitingJoin && PendingJoin.Count == 0;

    /// <summary>The longest that a member allows for a rebalance.</summary>
    internal int RebalanceTimeoutMs => _members.Count == 0 ? 0 : Math.Max(0, _members.Values.Max(m => m.Timeouts.RebalanceMs));

    public ClassicMember? FindMember(string id) => _members.GetValueOrDefault(id);

    public ClassicMember? FindStatic(string instance) => _static.GetValueOrDefault(instance);

    /// <summary>None, UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another member took over the instance.</summary>
    internal ErrorCode CheckMember(string member, string? instance)
    {
        if (instance is not null)
        {
            if (!_static.TryGetValue(instance, out ClassicMember? holder))
            {
                return ErrorCode.UnknownMemberId;
            }

            if (holder.Id != member)
            {
                return ErrorCode.FencedInstanceId;
            }
        }

        return _members.ContainsKey(member) ? ErrorCode.None : ErrorCode.UnknownMemberId;
    }

    internal void Add(ClassicMember member, string protocolType)
    {
        if (_members.Count == 0)
        {
            ProtocolType = protocolType;
            Leader = null;
        }

        _members.Add(member.Id, member);
        if (member.InstanceId is not null)
        {
            _static.Add(member.InstanceId, member);
        }

        Leader ??= member.Id;
        Count(member, 1);
        PendingJoin.Remove(member.Id);
    }

    /// <summary>Takes a member out, or an id that was only given out. Its answers are to be given before.</summary>
    internal void Remove(string id)
    {
        PendingJoin.Remove(id);
        PendingSync.Remove(id);
        if (_members.Remove(id, out ClassicMember? member))
        {
            Invariant.Require(member.JoinTicket is null && member.SyncTicket is null, "who leaves a group has no answer to come");
            Count(member, -1);
            if (member.InstanceId is not null)
            {
                _static.Remove(member.InstanceId);
            }
        }

        if (Leader == id)
        {
            Leader = _members.Keys.FirstOrDefault();
        }
    }

    /// <summary>Another process is the static member now: it takes the place, the lead and the assignment.</summary>
    internal void Replace(ClassicMember old, ClassicMember by)
    {
        string? leader = Leader == old.Id ? by.Id : Leader;
        bool synced = !PendingSync.Contains(old.Id);
        Remove(old.Id);
        _members.Add(by.Id, by);
        _static.Add(by.InstanceId!, by);
        Count(by, 1);
        Leader = leader;
        if (!synced)
        {
            PendingSync.Add(by.Id);
        }
    }

    /// <summary>What a member says when it joins again.</summary>
    internal void Update(ClassicMember member, IReadOnlyList<ClassicProtocol> protocols, MemberTimeouts timeouts)
    {
        Count(member, -1);
        member.Protocols = protocols;
        Count(member, 1);
        member.Timeouts = timeouts;
    }

    internal void AwaitJoin(ClassicMember member, long ticket)
    {
        Invariant.Require(member.JoinTicket is null, "one answer is awaited at a time");
        member.JoinTicket = ticket;
        _awaitingJoin++;
    }

    /// <summary>The request to join that waits, to be answered now.</summary>
    internal long? TakeJoin(ClassicMember member)
    {
        if (member.JoinTicket is { } ticket)
        {
            member.JoinTicket = null;
            _awaitingJoin--;
            return ticket;
        }

        return null;
    }

    /// <summary>Who did not join leads no generation: the first who did takes over. False when nobody joined.</summary>
    internal bool ElectJoinedLeader()
    {
        if (Leader is not null && FindMember(Leader) is { JoinTicket: not null })
        {
            return true;
        }

        ClassicMember? joined = _members.Values.FirstOrDefault(m => m.JoinTicket is not null);
        Leader = joined?.Id ?? Leader;
        return joined is not null;
    }
}
