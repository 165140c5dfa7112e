using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Consumer.Expressions;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// The consumer groups of a shard (KIP-848): members heartbeat, the coordinator assigns. A heartbeat may change what the member subscribes to, which raises the group's
/// epoch; if that is ahead of the targets' they are computed anew; then the member is moved one step towards its target. Every step is a record.
/// Sessions and other timers, and the reasons of past rebalances, are kept beside the records and begin anew after a change of leaders.
/// </summary>
public sealed partial class ConsumerGroups : GroupPart
{
    /// <summary>Expressions are not resolved more often than this, so that many new topics make one rebalance.</summary>
    private const long RegexRefreshMinMs = 10_000;

    /// <summary>How many steps of expressions are kept, of about 70 bytes each. What is thrown away is read again when it is wanted.</summary>
    private const int CompiledSizeMax = 100_000;

    /// <summary>While the log takes nothing, members are not looked through at every attempt.</summary>
    private static readonly TimeSpan s_betweenReverts = TimeSpan.FromMilliseconds(500);

    private readonly VersionedMap<string, ConsumerGroup> _groups;
    private readonly Deadlines<ConsumerTimer> _deadlines = new();
    private readonly Dictionary<string, GroupActivity> _activity = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TopicRegex> _compiled = new(StringComparer.Ordinal);
    private int _compiledSize;

    /// <summary>The topics as they were seen last, and how many times others were seen.</summary>
    private ICoordinatorTopics? _topics;
    private long _view;
    private TimeSpan _revertedAt = -s_betweenReverts;

    public ConsumerGroups(GroupShard shard)
        : base(shard) => _groups = new(shard.Versions, StringComparer.Ordinal, group => group.Heartbeating);

    private enum TimerKind
    {
        /// <summary>The member has to be heard of.</summary>
        Session,

        /// <summary>The member has to give up what it was told to.</summary>
        Rebalance,

        /// <summary>A member of the classic protocol was told to join again.</summary>
        Join,

        /// <summary>A member of the classic protocol has to fetch its assignment.</summary>
        Sync,

        /// <summary>The group's expressions are to be resolved.</summary>
        Regex,

        /// <summary>Writes were undone: members may be back whose timers are gone.</summary>
        Reverted,
    }

    public override TimeSpan? NextDeadline => _deadlines.Next;

    /// <summary>How many members of all groups speak the consumer protocol.</summary>
    public int Heartbeating => _groups.Weight;

    public override IEnumerable<IGroup> All => _groups.Newest.Select(g => g.Value);

    /// <summary>The group in its newest state, or null.</summary>
    public ConsumerGroup? FindConsumer(string group) => _groups.Find(group);

    /// <summary>Why the group's epoch rose, oldest first, since this coordinator has it; when, in Unix milliseconds.</summary>
    public IReadOnlyCollection<(int Epoch, string Reason, long AtMs)> ReasonsOf(string group) =>
        _activity.TryGetValue(group, out GroupActivity? activity) ? activity.Reasons : [];

    public override IGroup? Find(string group) => _groups.Find(group);

    public override bool TryReplay(in CoordinatorRecord record, TransactionalWriter? writer)
    {
        if (ConsumerReplay.GroupOf(record) is not { } id)
        {
            return false;
        }

        ConsumerGroup? before = _groups.Find(id);
        ConsumerGroup? after = ConsumerReplay.Apply(before, record);
        if (!ReferenceEquals(before, after))
        {
            _groups.Set(id, after);
        }

        return true;
    }

    /// <summary>A group of another kind has the name in what is being loaded, from here on.</summary>
    internal void Replace(string group)
    {
        if (_groups.Find(group) is not null)
        {
            _groups.Set(group, null);
        }
    }

    public override void DeleteAll(string group)
    {
        if (_groups.Find(group) is { } found)
        {
            Forget(found);
            WriteAll(ConsumerRecords.Removal(found));
        }
    }

    public override void OnLoaded(ShardTime now) => StartTimers(now);

    public override void OnView(ShardTime now)
    {
        if (!ReferenceEquals(_topics, Shard.View.Topics))
        {
            _topics = Shard.View.Topics;
            _view++;
        }
    }

    public override void OnReverted()
    {
        // What groups were compared with may have been for nothing; they look again.
        _view++;
        _deadlines.Set(new ConsumerTimer("", "", TimerKind.Reverted), _revertedAt + s_betweenReverts);
    }

    public override void Tick(ShardTime now)
    {
        long lookup = LookupWorkMax;
        while (_deadlines.TryTakeDue(now.Monotonic, out ConsumerTimer timer))
        {
            if (timer.Kind == TimerKind.Reverted)
            {
                _revertedAt = now.Monotonic;
                StartTimers(now);
                continue;
            }

            if (_groups.Find(timer.Group) is not { } group)
            {
                continue;
            }

            if (timer.Kind == TimerKind.Regex)
            {
                ResolveRegexes(group, ref lookup, now);
            }
            else if (group.Member(timer.Member) is { } member)
            {
                Expire(group, member, timer.Kind, now);
            }
        }
    }

    /// <summary>
    /// Members that have no session begin one, as with a new coordinator: after loading all of them, later those that were taken out, or left, by a write
    /// that failed. Nobody would ever miss them otherwise.
    /// </summary>
    private void StartTimers(ShardTime now)
    {
        foreach (ConsumerGroup group in _groups.Newest.Select(g => g.Value))
        {
            foreach (ConsumerMember member in group.Members.Values)
            {
                if (!_deadlines.Contains(new ConsumerTimer(group.Id, member.Id, TimerKind.Session)))
                {
                    ExtendSession(group.Id, member, now);
                }

                if (member is { State: MemberState.UnrevokedPartitions, Classic: null } && !_deadlines.Contains(new ConsumerTimer(group.Id, member.Id, TimerKind.Rebalance)))
                {
                    Set(group.Id, member.Id, TimerKind.Rebalance, member.RebalanceTimeoutMs, now);
                }
            }
        }

        foreach (string unknown in (string[])[.. _activity.Keys.Where(id => _groups.Find(id) is null)])
        {
            _activity.Remove(unknown);
        }
    }

    private void Expire(ConsumerGroup group, ConsumerMember member, TimerKind kind, ShardTime now)
    {
        string? reason = kind switch
        {
            TimerKind.Session => "was not heard of within its session timeout",
            TimerKind.Rebalance => member.State == MemberState.UnrevokedPartitions ? $"did not give up its partitions within its rebalance timeout of {member.RebalanceTimeoutMs} ms" : null,
            TimerKind.Join => "was told to join again and did not within its rebalance timeout",
            _ => "joined and did not fetch its assignment within its rebalance timeout",
        };
        if (reason is not null)
        {
            Fence(group, [member], $"member {member.Id} {reason}", now);
        }
    }

    private void ExtendSession(string group, ConsumerMember member, ShardTime now) => Set(
        group,
        member.Id,
        TimerKind.Session,
        member.Classic?.SessionTimeoutMs ?? SessionTimeoutMs(group),
        now);

    private void Set(string group, string member, TimerKind kind, int ms, ShardTime now) =>
        _deadlines.Set(new ConsumerTimer(group, member, kind), now.Monotonic + TimeSpan.FromMilliseconds(Math.Max(0, ms)));

    private void Cancel(string group, string member, TimerKind kind) => _deadlines.Cancel(new ConsumerTimer(group, member, kind));

    private void CancelAll(string group, string member)
    {
        for (TimerKind kind = TimerKind.Session; kind <= TimerKind.Sync; kind++)
        {
            Cancel(group, member, kind);
        }
    }

    private void Forget(ConsumerGroup group)
    {
        foreach (string member in group.Members.Keys)
        {
            CancelAll(group.Id, member);
        }

        Cancel(group.Id, "", TimerKind.Regex);
        _activity.Remove(group.Id);
    }

    private GroupActivity ActivityOf(string group)
    {
        if (!_activity.TryGetValue(group, out GroupActivity? activity))
        {
            _activity.Add(group, activity = new GroupActivity());
        }

        return activity;
    }

    private void WriteAll(IEnumerable<CoordinatorRecord> records)
    {
        foreach (CoordinatorRecord record in records)
        {
            Shard.Write(record);
        }
    }

    /// <summary>The group as the records written so far have made it.</summary>
    private ConsumerGroup Again(ConsumerGroup group) => _groups.Find(group.Id) ?? group;

    private readonly record struct ConsumerTimer(string Group, string Member, TimerKind Kind);

    /// <summary>What is known of a group besides its records.</summary>
    private sealed class GroupActivity
    {
        private const int ReasonsMax = 16;

        /// <summary>The view of the cluster against which the group's metadata were compared last; -1 before.</summary>
        public long CheckedView { get; set; } = -1;

        /// <summary>The view in which the expressions were resolved last; -1 before.</summary>
        public long ResolvedView { get; set; } = -1;

        /// <summary>When that was, in Unix milliseconds.</summary>
        public long ResolvedAtMs { get; set; }

        /// <summary>What is being looked up; null while nothing is.</summary>
        public RegexLookup? Lookup { get; set; }

        /// <summary>The reasons of the newest epochs.</summary>
        public Queue<(int Epoch, string Reason, long AtMs)> Reasons { get; } = new();

        public void Remember(int epoch, string reason, long atMs)
        {
            Reasons.Enqueue((epoch, reason, atMs));
            if (Reasons.Count > ReasonsMax)
            {
                Reasons.Dequeue();
            }
        }
    }
}
