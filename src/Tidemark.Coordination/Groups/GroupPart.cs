using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Groups;

/// <summary>One concern of a shard of groups: a kind of group, or the offsets. The parts share the shard's writes and its effects.</summary>
public abstract class GroupPart(GroupShard shard)
{
    /// <summary>When this part wants a <see cref="Tick"/>; null when no time matters to it.</summary>
    public virtual TimeSpan? NextDeadline => null;

    protected GroupShard Shard { get; } = shard;

    /// <summary>Takes a record into the state; false when it is another part's.</summary>
    public abstract bool TryReplay(in CoordinatorRecord record, TransactionalWriter? writer);

    /// <summary>Takes the end of a transaction into the state.</summary>
    public virtual void ReplayMarker(TransactionalWriter writer, bool commit)
    {
    }

    /// <summary>The group of this kind with the name, or null.</summary>
    public virtual IGroup? Find(string group) => null;

    /// <summary>All groups of this kind.</summary>
    public virtual IEnumerable<IGroup> All => [];

    /// <summary>Writes what removes all that this part keeps in the group's name: the group, or its offsets.</summary>
    public virtual void DeleteAll(string group)
    {
    }

    /// <summary>
    /// Makes a group without members for offsets that somebody committed in a name that nobody joined: part of the replay of a record. False when groups of
    /// this kind are not made so.
    /// </summary>
    public virtual bool TryKeepForOffsets(string group) => false;

    /// <summary>Takes a request of the classic protocol to a group of this kind; false when there is no such group, or it has no members.</summary>
    public virtual bool TryJoin(JoinInput input, ShardTime now) => false;

    /// <inheritdoc cref="TryJoin"/>
    public virtual bool TrySync(long ticket, SyncGroupRequest request, ShardTime now) => false;

    /// <inheritdoc cref="TryJoin"/>
    public virtual bool TryHeartbeat(long ticket, HeartbeatRequest request, ShardTime now) => false;

    /// <inheritdoc cref="TryJoin"/>
    public virtual bool TryLeave(long ticket, LeaveGroupRequest request, ShardTime now) => false;

    /// <summary>Everything was read; members that were known have their sessions from now on.</summary>
    public virtual void OnLoaded(ShardTime now)
    {
    }

    /// <summary>Topics or configuration changed: <see cref="GroupShard.View"/> is new.</summary>
    public virtual void OnView(ShardTime now)
    {
    }

    /// <inheritdoc cref="CoordinatorShard.OnReverted"/>
    public virtual void OnReverted()
    {
    }

    /// <summary>True when the token was this part's.</summary>
    public virtual bool TryWritten(object token, ErrorCode error, ShardTime now) => false;

    public virtual void Tick(ShardTime now)
    {
    }
}
