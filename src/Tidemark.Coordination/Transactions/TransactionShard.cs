using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Transactions;

/// <summary>
/// The transactional ids that one partition of <c>__transaction_state</c> keeps. A request sees what those before it wrote although it is
/// not committed yet; its answer waits for that.
/// </summary>
public sealed partial class TransactionShard : CoordinatorShard
{
    /// <summary>After a failure of this partition's own log.</summary>
    private static readonly TimeSpan s_resumeAfter = TimeSpan.FromSeconds(1);

    /// <summary>How long a producer that has begun its next transaction waits for the end of the one before.</summary>
    private static readonly TimeSpan s_waitMax = TimeSpan.FromMilliseconds(100);

    /// <summary>Of all ids together; beyond it they are told at once to come again.</summary>
    private const int WaitingMax = 1000;

    private readonly VersionedMap<string, TransactionMetadata> _ids;
    private readonly List<WaitingAdd> _waiting = [];

    /// <summary>Ends that are prepared and committed, but that nobody carries out just now.</summary>
    private readonly SortedDictionary<string, TimeSpan> _toResume = new(StringComparer.Ordinal);

    /// <summary>Since when the transactions that were open at the last look have been so, as far as this coordinator knows.</summary>
    private Dictionary<string, (long StartedMs, TimeSpan Since)> _openSince = [];
    private TimeSpan _nextAborts = TimeSpan.MaxValue;
    private TimeSpan _nextCleanup = TimeSpan.MaxValue;

    /// <param name="view">What is known of the cluster when the partition begins to be read.</param>
    public TransactionShard(CoordinatorView view)
    {
        View = view;
        _ids = new(Versions, StringComparer.Ordinal);
    }

    /// <summary>Topics and configuration as they are now.</summary>
    public CoordinatorView View { get; private set; }

    public override TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = _nextAborts < _nextCleanup ? _nextAborts : _nextCleanup;
            foreach (TimeSpan resume in _toResume.Values)
            {
                next = Min(next, resume);
            }

            // Each came after the one before it and waits as long.
            next = _waiting.Count > 0 ? Min(next, _waiting[0].Deadline) : next;

            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    /// <summary>The newest state of a transactional id, or null.</summary>
    public TransactionMetadata? Find(string id) => _ids.Find(id);

    public override void Replay(in CoordinatorRecord record, TransactionalWriter? writer)
    {
        if (record.Key is TransactionLogKey { TransactionalId: var id })
        {
            _ids.Set(id, record.Value is TransactionLogValue value ? TransactionRecords.Read(id, value) : null);
        }
    }

    public override void ReplayMarker(TransactionalWriter writer, bool commit)
    {
        // This topic's own records belong to no transaction.
    }

    public override void OnLoaded(CoordinatorView view, ShardTime now)
    {
        View = view;
        foreach (TransactionMetadata prepared in _ids.Newest.Select(e => e.Value).Where(m => m.State.IsPrepared() && !Plants.IsOn(Plant.PreparedNotResumed)).OrderBy(m => m.Id, StringComparer.Ordinal).ToArray())
        {
            CarryOut(prepared, now);
        }

        Schedule(now);
    }

    public override void OnView(CoordinatorView view, ShardTime now) => View = view;

    public override void OnWritten(object token, ErrorCode error, ShardTime now)
    {
        // Of clients before version 2 the next transaction may end in the same epoch: the word is of this end alone.
        if (token is not EndToken { Prepared: { } prepared } || !ReferenceEquals(_ids.Find(prepared.Id), prepared))
        {
            return;
        }

        if (error == ErrorCode.None)
        {
            CarryOut(prepared, now);
        }
        else
        {
            _toResume[prepared.Id] = now.Monotonic + s_resumeAfter;
        }
    }

    /// <summary>All partitions of a transaction were told how it ended.</summary>
    public void OnMarkersWritten(string id, TransactionalWriter writer, ShardTime now)
    {
        if (_ids.Find(id) is { } metadata && metadata.State.IsPrepared() && metadata.Writer == writer)
        {
            Keep(metadata.Complete(now.UnixMs));
            Emit(new AwaitWritten(new EndToken(metadata)));
            GoOn(id, now);
        }
    }

    public override void Tick(ShardTime now)
    {
        GiveUpWaiting(now);
        foreach (string id in _toResume.Where(r => r.Value <= now.Monotonic).Select(r => r.Key).ToArray())
        {
            _toResume.Remove(id);
            if (_ids.Find(id) is { } metadata && metadata.State.IsPrepared())
            {
                CarryOut(metadata, now);
            }
        }

        if (_nextAborts <= now.Monotonic)
        {
            _nextAborts = TimeSpan.MaxValue;
            AbortLate(now);
        }

        if (_nextCleanup <= now.Monotonic)
        {
            _nextCleanup = TimeSpan.MaxValue;
            ForgetOld(now);
        }

        Schedule(now);
    }

    /// <summary>
    /// How long a transaction has been open is measured by the monotonic clock: a wall clock that is set back would leave it open, and with it its
    /// readers waiting, for as long as it was set back.
    /// </summary>
    private void AbortLate(ShardTime now)
    {
        TransactionMetadata[] open = [.. _ids.Newest.Select(e => e.Value).Where(m => m.State == TransactionState.Ongoing).OrderBy(m => m.Id, StringComparer.Ordinal)];
        var since = new Dictionary<string, (long StartedMs, TimeSpan Since)>(StringComparer.Ordinal);
        foreach (TransactionMetadata each in open)
        {
            if (!_openSince.TryGetValue(each.Id, out (long StartedMs, TimeSpan Since) seen) || seen.StartedMs != each.StartedMs)
            {
                seen = (each.StartedMs, now.Monotonic - TimeSpan.FromMilliseconds(Math.Clamp(now.UnixMs - each.StartedMs, 0, each.TimeoutMs)));
            }

            since.Add(each.Id, seen);
            if (now.Monotonic - seen.Since < TimeSpan.FromMilliseconds(each.TimeoutMs) || Plants.IsOn(Plant.LateTransactionsNotAborted))
            {
                continue;
            }

            if (NeedsIdToFence(each))
            {
                // Where there is none to be had just now, the next look asks again.
                Emit(new TakeProducerId(each.Id, each.Writer, each.StartedMs));
            }
            else
            {
                FenceLate(each, null, now);
            }
        }

        _openSince = since;
    }

    private void ForgetOld(ShardTime now)
    {
        foreach (TransactionMetadata old in _ids.Newest.Select(e => e.Value)
            .Where(m => m.State.IsIdle() && m.UpdatedMs <= now.UnixMs - View.Transactions.IdExpirationMs).OrderBy(m => m.Id, StringComparer.Ordinal).ToArray())
        {
            Write(CoordinatorRecord.Tombstone(TransactionRecords.KeyOf(old.Id)));
        }
    }

    /// <summary>The timers run while there is something that they could be for.</summary>
    private void Schedule(ShardTime now)
    {
        if (!_ids.Newest.Any())
        {
            return;
        }

        _nextAborts = Min(_nextAborts, now.Monotonic + TimeSpan.FromMilliseconds(View.Transactions.AbortTimedOutMs));
        _nextCleanup = Min(_nextCleanup, now.Monotonic + TimeSpan.FromMilliseconds(View.Transactions.IdCleanupMs));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    /// <summary>Writes the new state. What the records do not tell is kept beside them.</summary>
    private void Keep(TransactionMetadata metadata)
    {
        Write(TransactionRecords.Of(metadata, View.Transactions.Version));
        _ids.Set(metadata.Id, metadata);
    }

    /// <summary>Writes how a transaction ends. Nobody is told of it before that is committed.</summary>
    private void Decide(TransactionMetadata prepared)
    {
        Keep(prepared);
        if (Plants.IsOn(Plant.MarkersBeforePrepareCommitted) && !prepared.Partitions.IsEmpty)
        {
            Send(prepared);
        }
        else
        {
            Emit(new AwaitWritten(new EndToken(prepared)));
        }
    }

    private void CarryOut(TransactionMetadata prepared, ShardTime now)
    {
        _toResume.Remove(prepared.Id);
        if (prepared.Partitions.IsEmpty)
        {
            OnMarkersWritten(prepared.Id, prepared.Writer, now);
            return;
        }

        Send(prepared);
    }

    private void Send(TransactionMetadata prepared) => Emit(new SendMarkers(
        prepared.Id,
        prepared.Writer,
        prepared.State == TransactionState.PrepareCommit,
        [.. prepared.Partitions.OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition).Skip(Plants.IsOn(Plant.MarkerOfOnePartitionForgotten) && prepared.Partitions.Count > 1 ? 1 : 0)],
        prepared.ClientVersion));

    /// <summary>The write of an end: that it is prepared, or that what was prepared is complete. The state is the very one that was kept.</summary>
    private sealed record EndToken(TransactionMetadata Prepared);
}
