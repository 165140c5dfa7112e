using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Consumer;
using Tidemark.Coordination.Offsets;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Groups;

/// <summary>
/// The groups whose state one partition of <c>__consumer_offsets</c> keeps, and the offsets that they committed. What belongs to one
/// kind of group, or to offsets alone, is a <see cref="GroupPart"/>.
/// </summary>
public sealed class GroupShard : CoordinatorShard
{
    private readonly GroupPart[] _parts;

    /// <param name="view">What is known of the cluster when the partition begins to be read.</param>
    public GroupShard(CoordinatorView view)
    {
        View = view;
        Classic = new(this);
        Consumer = new(this);
        Offsets = new(this);
        _parts = [Classic, Consumer, Offsets];
    }

    /// <summary>What the groups have committed.</summary>
    public OffsetStore Offsets { get; }

    /// <summary>The groups of the classic protocol, and those of which only offsets are kept.</summary>
    public ClassicGroups Classic { get; }

    /// <summary>The groups of the consumer protocol (KIP-848).</summary>
    public ConsumerGroups Consumer { get; }

    /// <summary>Topics and configuration as they are now.</summary>
    public CoordinatorView View { get; private set; }

    public override TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = null;
            foreach (GroupPart part in _parts)
            {
                if (part.NextDeadline is { } at && (next is null || at < next))
                {
                    next = at;
                }
            }

            return next;
        }
    }

    public override int Heartbeating => Consumer.Heartbeating;

    /// <summary>All groups, whatever their kind.</summary>
    public IEnumerable<IGroup> All => _parts.SelectMany(p => p.All);

    /// <summary>The group with the name, whatever its kind, or null.</summary>
    public IGroup? Find(string group)
    {
        foreach (GroupPart part in _parts)
        {
            if (part.Find(group) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>
    /// Writes what removes the group and all its offsets. Whether that is allowed is for the caller to know: <see cref="IGroup.CheckDelete"/>.
    /// </summary>
    public void Delete(string group)
    {
        // The group goes last: a part that keeps offsets asks for the group that they belong to.
        foreach (GroupPart part in _parts.OrderBy(p => p.Find(group) is not null))
        {
            part.DeleteAll(group);
        }
    }

    /// <summary>Writes what removes the group, whatever its kind, and leaves its offsets.</summary>
    internal void DeleteWithoutOffsets(string group)
    {
        foreach (GroupPart part in _parts.Where(p => p.Find(group) is not null))
        {
            part.DeleteAll(group);
        }
    }

    /// <summary>Offers something to every part until one takes it.</summary>
    internal bool AnyTakes(Func<GroupPart, bool> offer)
    {
        foreach (GroupPart part in _parts)
        {
            if (offer(part))
            {
                return true;
            }
        }

        return false;
    }

    public override bool TryReplayRaw(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool removes, TransactionalWriter? writer) =>
        Offsets.TryReplayRaw(key, value, removes, writer);

    /// <summary>The coordinator of a producer's transaction says how it ended. Answers with an <see cref="ErrorCode"/>.</summary>
    public void EndTransaction(long ticket, TransactionalWriter writer, int coordinatorEpoch, bool commit, short transactionVersion)
    {
        WriteEnd(writer, coordinatorEpoch, commit, transactionVersion);
        Respond(ticket, ErrorCode.None);
    }

    public override void Replay(in CoordinatorRecord record, TransactionalWriter? writer)
    {
        foreach (GroupPart part in _parts)
        {
            if (part.TryReplay(record, writer))
            {
                return;
            }
        }
    }

    public override void ReplayMarker(TransactionalWriter writer, bool commit)
    {
        foreach (GroupPart part in _parts)
        {
            part.ReplayMarker(writer, commit);
        }
    }

    public override void OnLoaded(CoordinatorView view, ShardTime now)
    {
        View = view;
        foreach (GroupPart part in _parts)
        {
            part.OnLoaded(now);
        }
    }

    public override void OnView(CoordinatorView view, ShardTime now)
    {
        View = view;
        foreach (GroupPart part in _parts)
        {
            part.OnView(now);
        }
    }

    public override void OnWritten(object token, ErrorCode error, ShardTime now)
    {
        foreach (GroupPart part in _parts)
        {
            if (part.TryWritten(token, error, now))
            {
                return;
            }
        }
    }

    public override void Tick(ShardTime now)
    {
        foreach (GroupPart part in _parts)
        {
            if (part.NextDeadline <= now.Monotonic)
            {
                part.Tick(now);
            }
        }
    }
    protected override void OnReverted()
    {
        foreach (GroupPart part in _parts)
        {
            part.OnReverted();
        }
    }
}
