using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Xunit;

namespace Tidemark.Coordination.Tests.Transactions;

/// <summary>A shard of transactions with a driver that commits when the test says so, and a log to load another shard from.</summary>
internal sealed class ShardWorld
{
    public const string Id = "x";
    public static readonly TopicPartition A = new("a", 0), B = new("b", 1);

    private readonly List<CoordinatorRecord> _log = [];
    private readonly List<(long Ticket, object Response)> _held = [];
    private readonly List<(long Write, object Token)> _tokens = [];
    private readonly Dictionary<long, object> _answers = [];
    private readonly List<CoordinatorRecord> _uncommitted = [];
    private long _write;
    private long _ticket;

    public ShardWorld(TransactionSettings? settings = null)
    {
        View = new CoordinatorView(null!, new GroupSettings(), settings ?? new TransactionSettings(), _ => null);
        Shard = new TransactionShard(View);
        Feed(shard => shard.OnLoaded(View, Now));
    }

    public CoordinatorView View { get; }

    public TransactionShard Shard { get; private set; }

    public TimeSpan Elapsed { get; set; }

    /// <summary>By how much the wall clock was set forward; below zero: back.</summary>
    public TimeSpan WallJump { get; set; }

    public ShardTime Now => new(Elapsed, 1_700_000_000_000 + (long)(Elapsed + WallJump).TotalMilliseconds);

    /// <summary>False: what is written waits for <see cref="Commit"/>.</summary>
    public bool CommitsAtOnce { get; set; } = true;

    public List<SendMarkers> Markers { get; } = [];

    public List<TakeProducerId> Late { get; } = [];

    public IReadOnlyList<CoordinatorRecord> Log => _log;

    public TransactionMetadata State => Shard.Find(Id)!;

    public TransactionOutcome Init(long producer = -1, short epoch = -1, long fresh = 100, int timeoutMs = 60_000) => Ask<TransactionOutcome>((shard, ticket) =>
        shard.InitProducer(ticket, Id, timeoutMs, producer < 0 ? null : new TransactionalWriter(new ProducerId(producer), epoch), fresh < 0 ? null : new ProducerId(fresh), Now));

    public ErrorCode Add(short epoch, long producer = 100, params TopicPartition[] partitions) => Ask<TransactionOutcome>((shard, ticket) =>
        shard.AddPartitions(ticket, Id, Writer(producer, epoch), partitions.Length == 0 ? [A] : partitions, 0, Now)).Error;

    public TransactionOutcome End(bool commit, short epoch, long producer = 100) =>
        Ask<TransactionOutcome>((shard, ticket) => shard.End(ticket, Id, Writer(producer, epoch), commit, Now));

    public TransactionOutcome EndAndRaise(bool commit, short epoch, long producer = 100, long fresh = -1) =>
        Ask<TransactionOutcome>((shard, ticket) => shard.EndAndRaise(ticket, Id, Writer(producer, epoch), commit, fresh < 0 ? null : new ProducerId(fresh), Now));

    /// <summary>The partitions have all been told.</summary>
    public void Finish()
    {
        SendMarkers told = Markers[^1];
        Feed(shard => shard.OnMarkersWritten(told.TransactionalId, told.Writer, Now));
    }

    public void Tick() => Feed(shard => shard.Tick(Now));

    /// <summary>Brings the id into a state by the shortest way, with producer 100.</summary>
    public ShardWorld In(TransactionState state, bool raises)
    {
        Init();
        if (state == TransactionState.Empty)
        {
            return this;
        }

        Add(0);
        bool commit = state is TransactionState.PrepareCommit or TransactionState.CompleteCommit;
        if (state != TransactionState.Ongoing)
        {
            _ = raises ? EndAndRaise(commit, 0) : End(commit, 0);
            if (!state.IsPrepared())
            {
                Finish();
            }
        }

        Assert.Equal(state, State.State);
        return this;
    }

    /// <summary>Another node loads what is committed.</summary>
    public void Failover()
    {
        Shard = new TransactionShard(View);
        _uncommitted.Clear();
        Markers.Clear();
        foreach (CoordinatorRecord record in _log)
        {
            Shard.Replay(record, null);
        }

        Feed(shard => shard.OnLoaded(View, Now));
    }

    public void Commit()
    {
        _log.AddRange(_uncommitted);
        _uncommitted.Clear();
        Shard.OnCommitted(_write);
        foreach ((long ticket, object response) in _held)
        {
            _answers[ticket] = response;
        }

        _held.Clear();
        Settle(ErrorCode.None);
    }

    /// <summary>Of what waits, only the first write is committed. Its records are not for a load.</summary>
    public void CommitFirst()
    {
        (long write, object token) = _tokens[0];
        _tokens.RemoveAt(0);
        Shard.OnCommitted(write);
        Feed(shard => shard.OnWritten(token, ErrorCode.None, Now));
    }

    public void Fail(ErrorCode error)
    {
        _uncommitted.Clear();
        _held.Clear();
        Shard.RevertTo(0);
        Settle(error);
    }

    /// <summary>The answer, or null while it waits.</summary>
    public T Ask<T>(Action<TransactionShard, long> input)
        where T : class => AnswerTo<T>(Send(input));

    /// <summary>Gives the shard a request. Answers its ticket.</summary>
    public long Send(Action<TransactionShard, long> input)
    {
        long ticket = ++_ticket;
        Feed(shard => input(shard, ticket));
        return ticket;
    }

    public T AnswerTo<T>(long ticket)
        where T : class => _answers.TryGetValue(ticket, out object? answer) ? (T)answer : null!;

    public void Feed(Action<TransactionShard> input)
    {
        Shard.BeginWrite(++_write);
        input(Shard);
        while (Shard.TryTakeEffect(out ShardEffect? effect))
        {
            switch (effect)
            {
                case WriteRecord write:
                    // As bytes and back, as a log has it.
                    Assert.Null(write.Writer);
                    _uncommitted.Add(write.Record with { Value = Copy(write.Record) });
                    break;
                case Answer { AtOnce: true } answer:
                    _answers[answer.Ticket] = answer.Response;
                    break;
                case Answer answer:
                    _held.Add((answer.Ticket, answer.Response));
                    break;
                case AwaitWritten awaited:
                    _tokens.Add((_write, awaited.Token));
                    break;
                case SendMarkers markers:
                    Markers.Add(markers);
                    break;
                case TakeProducerId late:
                    Late.Add(late);
                    break;
            }
        }

        if (CommitsAtOnce)
        {
            Commit();
        }
    }

    private static TransactionalWriter Writer(long producer, short epoch) => new(new ProducerId(producer), epoch);

    private static ICoordinatorValue? Copy(in CoordinatorRecord record)
    {
        if (record.Value is null)
        {
            return null;
        }

        using var writer = new WireWriter();
        CoordinatorRecordFrame.WriteValue(writer, record.Value, record.ValueVersion);
        return CoordinatorRecordFrame.ReadValue(CoordinatorLog.Transactions, record.Key.RecordType, writer.WrittenSpan.ToArray());
    }

    private void Settle(ErrorCode error)
    {
        object[] tokens = [.. _tokens.Select(t => t.Token)];
        _tokens.Clear();
        foreach (object token in tokens)
        {
            Feed(shard => shard.OnWritten(token, error, Now));
        }
    }
}
