using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Classic;

/// <summary>
/// The classic group protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup): members meet in a rebalance, the coordinator chooses who leads, the
/// leader's assignment is written into one record, and whoever stops heartbeating is taken out. What waits for others is an
/// unanswered request; what waits for time is a deadline.
/// </summary>
public sealed partial class ClassicGroups : GroupPart
{
    /// <summary>In which version groups are written: that of Kafka 4.3, which nodes since 2.3 can read.</summary>
    private const short RecordVersion = 3;

    private readonly VersionedMap<string, ClassicGroup> _groups;
    private readonly Deadlines<ClassicTimer> _deadlines = new();
    private bool _loaded;

    public ClassicGroups(GroupShard shard)
        : base(shard) => _groups = new(shard.Versions, StringComparer.Ordinal);

    private enum TimerKind
    {
        Session,
        Join,
        Sync,
    }

    public override TimeSpan? NextDeadline => _deadlines.Next;

    public override IEnumerable<IGroup> All => _groups.Newest.Select(g => g.Value);

    public override IGroup? Find(string group) => _groups.Find(group);

    public override bool TryKeepForOffsets(string group)
    {
        _groups.Set(group, new ClassicGroup(this, group, sinceMs: null));
        return true;
    }

    public override bool TryReplay(in CoordinatorRecord record, TransactionalWriter? writer)
    {
        if (record.Key is not GroupMetadataKey key)
        {
            return false;
        }

        if (!_loaded)
        {
            // Apache Kafka makes an empty consumer group a classic one without removing all of its records: the later record counts.
            Shard.Consumer.Replace(key.Group);
        }

        // A group that is served is ahead of the record that was just written for it.
        if (record.Value is not GroupMetadataValue value)
        {
            _groups.Set(key.Group, null);
        }
        else if (!_loaded)
        {
            _groups.Set(key.Group, Restore(key.Group, value));
        }

        return true;
    }

    public override void DeleteAll(string group)
    {
        if (_groups.Find(group) is not null)
        {
            Shard.Write(CoordinatorRecord.Tombstone(new GroupMetadataKey { Group = group }));
        }
    }

    public override void OnLoaded(ShardTime now)
    {
        _loaded = true;
        int most = Shard.View.Groups.MembersMax;
        foreach (ClassicGroup group in _groups.Newest.Select(g => g.Value).ToArray())
        {
            foreach (ClassicMember member in group.Members)
            {
                ExtendSession(group, member, now);
            }

            if (group.Members.Count > most)
            {
                PrepareRebalance(group, $"it was loaded with {group.Members.Count} members, and {most} are allowed; they get the time to commit their offsets", now);
            }
        }
    }

    public override void Tick(ShardTime now)
    {
        while (_deadlines.TryTakeDue(now.Monotonic, out ClassicTimer timer))
        {
            if (_groups.Find(timer.Group) is not { } group)
            {
                continue;
            }

            switch (timer.Kind)
            {
                case TimerKind.Session:
                    ExpireSession(group, timer.Member, now);
                    break;
                case TimerKind.Join:
                    EndJoinWait(group, now);
                    break;
                default:
                    ExpireSync(group, now);
                    break;
            }
        }
    }

    public override bool TryWritten(object token, ErrorCode error, ShardTime now)
    {
        switch (token)
        {
            case GroupCreated created:
                OnGroupCreated(created, error);
                break;
            case AssignmentWritten assignment:
                OnAssignmentWritten(assignment, error, now);
                break;
            case StaticMemberWritten member:
                OnStaticMemberWritten(member, error, now);
                break;
            default:
                return false;
        }

        return true;
    }

    private void Note(ClassicGroup group, string what) => Shard.Emit(new Note(Told.Short($"group {group.Id}, generation {group.Generation}, {group.State}: {what}")));

    private TimeSpan After(ShardTime now, int ms) => now.Monotonic + TimeSpan.FromMilliseconds(Math.Max(0, ms));

    private readonly record struct ClassicTimer(string Group, TimerKind Kind, string Member)
    {
        public static ClassicTimer Join(ClassicGroup group) => new(group.Id, TimerKind.Join, "");

        public static ClassicTimer Sync(ClassicGroup group) => new(group.Id, TimerKind.Sync, "");

        public static ClassicTimer Session(ClassicGroup group, string member) => new(group.Id, TimerKind.Session, member);
    }

    /// <summary>A group of which nobody knows yet whether it will be there: what makes it is not written.</summary>
    private sealed record GroupCreated(ClassicGroup Group);

    private sealed record AssignmentWritten(ClassicGroup Group, int Generation, string Leader, IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Assignment);

    private sealed record StaticMemberWritten(ClassicGroup Group, ClassicMember Old, ClassicMember New, string? LeaderBefore, JoinInput Join);
}
