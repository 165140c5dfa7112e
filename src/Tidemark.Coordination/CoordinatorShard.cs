using System.Diagnostics.CodeAnalysis;
using Tidemark.Primitives;

namespace Tidemark.Coordination;

/// <summary>
/// The state machine of one partition of a coordinator's topic. Inputs come one at a time, each with its time; what has to happen comes out as
/// effects, in order, taken by the driver after each input. State that others rely on changes only where a record is replayed: at
/// once when it is written, in the name of the input's write (<see cref="Versions"/>), and when the partition is read after a change of leaders.
/// </summary>
public abstract class CoordinatorShard
{
    private readonly Queue<ShardEffect> _effects = new();

    /// <summary>The versions of all that is replayed from records.</summary>
    protected internal VersionClock Versions { get; } = new();

    /// <summary>When <see cref="Tick"/> is to be called at the latest; null when no time matters.</summary>
    public abstract TimeSpan? NextDeadline { get; }

    /// <summary>How many members send this shard heartbeats at an interval that it tells them: its part of what the node bears.</summary>
    public virtual int Heartbeating => 0;

    public bool TryTakeEffect([NotNullWhen(true)] out ShardEffect? effect) => _effects.TryDequeue(out effect);

    /// <summary>The changes of the input that follows belong to this write.</summary>
    public void BeginWrite(long write) => Versions.Begin(write);

    /// <summary>All writes up to this one are committed.</summary>
    public void OnCommitted(long write) => Versions.Commit(write);

    /// <summary>Nothing of the writes after this one was appended: they are undone.</summary>
    public void RevertTo(long write)
    {
        Versions.RevertTo(write);
        OnReverted();
    }

    /// <summary>Takes a record into the state.</summary>
    /// <param name="writer">The transaction that it belongs to.</param>
    public abstract void Replay(in CoordinatorRecord record, TransactionalWriter? writer);

    /// <summary>
    /// While the partition is read: takes a record as it stands in the log, where the shard knows a faster way than by objects. False when it does not, and
    /// nothing was done.
    /// </summary>
    /// <param name="removes">True when the record has no value.</param>
    public virtual bool TryReplayRaw(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool removes, TransactionalWriter? writer) => false;

    /// <summary>Takes the end of a transaction into the state.</summary>
    public abstract void ReplayMarker(TransactionalWriter writer, bool commit);

    /// <summary>All that was in the partition is replayed and committed; inputs follow.</summary>
    public abstract void OnLoaded(CoordinatorView view, ShardTime now);

    /// <summary>Topics or configuration changed.</summary>
    public abstract void OnView(CoordinatorView view, ShardTime now);

    /// <summary>What was written before an <see cref="AwaitWritten"/> is committed, or failed with the error and was undone.</summary>
    public abstract void OnWritten(object token, ErrorCode error, ShardTime now);

    /// <summary>A deadline has come.</summary>
    public abstract void Tick(ShardTime now);

    /// <summary>Writes were undone. What the shard keeps beside the records, timers above all, may have followed them and has to be looked through.</summary>
    protected virtual void OnReverted()
    {
    }

    /// <summary>Replays a record and has it appended.</summary>
    protected internal void Write(in CoordinatorRecord record, TransactionalWriter? writer = null)
    {
        Replay(record, writer);
        _effects.Enqueue(new WriteRecord(record, writer));
    }

    /// <summary>Replays the end of a transaction and has it appended.</summary>
    protected internal void WriteEnd(TransactionalWriter writer, int coordinatorEpoch, bool commit, short version)
    {
        ReplayMarker(writer, commit);
        _effects.Enqueue(new WriteMarker(writer, coordinatorEpoch, commit, version));
    }

    /// <summary>Answers when all that was written so far is committed.</summary>
    protected internal void Respond(long ticket, object response) => Emit(new Answer(ticket, response, AtOnce: false));

    /// <summary>Answers now: for what depends on nothing that is not committed.</summary>
    protected internal void RespondAtOnce(long ticket, object response) => Emit(new Answer(ticket, response, AtOnce: true));

    protected internal void Emit(ShardEffect effect) => _effects.Enqueue(effect);
}
