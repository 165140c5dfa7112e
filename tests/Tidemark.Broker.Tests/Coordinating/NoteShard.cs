using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Coordinating;

/// <summary>The smallest shard there is: it keeps an offset for each name, and tells what became of its writes.</summary>
internal sealed class NoteShard : CoordinatorShard
{
    private readonly VersionedMap<string, OffsetCommitValue> _notes;

    public NoteShard() => _notes = new(Versions, weight: _ => 1);

    public override TimeSpan? NextDeadline => Alarm;

    /// <summary>Each note stands for a member.</summary>
    public override int Heartbeating => _notes.Weight;

    public TimeSpan? Alarm { get; set; }

    public List<string> Heard { get; } = [];

    public long? this[string name] => _notes.Find(name)?.Offset;

    public long? Committed(string name) => _notes.FindCommitted(name)?.Offset;

    public void Put(long ticket, string name, long offset, TransactionalWriter? writer = null)
    {
        Write(new CoordinatorRecord(new OffsetCommitKey { Group = "g", Topic = name }, new OffsetCommitValue { Offset = offset }, 3), writer);
        Emit(new AwaitWritten(name));
        Respond(ticket, $"{name}={offset}");
    }

    public void End(long ticket, TransactionalWriter writer, bool commit)
    {
        WriteEnd(writer, 1, commit, 0);
        Respond(ticket, "ended");
    }

    public void Get(long ticket, string name, bool atOnce) => Emit(new Answer(ticket, $"{name} is {this[name]}", atOnce));

    public override void Replay(in CoordinatorRecord record, TransactionalWriter? writer) =>
        _notes.Set(((OffsetCommitKey)record.Key).Topic, (OffsetCommitValue?)record.Value);

    public override void ReplayMarker(TransactionalWriter writer, bool commit) =>
        _notes.Set("ended", new OffsetCommitValue { Offset = writer.Id.Value * (commit ? 1 : -1) });

    public override void OnLoaded(CoordinatorView view, ShardTime now) => Heard.Add("loaded");

    public override void OnView(CoordinatorView view, ShardTime now) => Heard.Add("view");

    public override void OnWritten(object token, ErrorCode error, ShardTime now) => Heard.Add($"{token}: {error}");

    public override void Tick(ShardTime now)
    {
        Alarm = null;
        Heard.Add($"tick at {now.Monotonic.TotalSeconds:F0}");
    }
}
