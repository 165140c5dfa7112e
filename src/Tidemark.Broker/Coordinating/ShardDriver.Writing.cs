using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Coordinating;

public sealed partial class ShardDriver<TShard>
{
    private readonly Queue<Appended> _appended = new();

    /// <summary>Made with the first write: most partitions of a coordinator's topic are never written to.</summary>
    private Buffers? _buffers;
    private TransactionalWriter? _batchWriter;
    private VerificationGuard? _inputGuard;
    private VerificationGuard? _batchGuard;
    private long _batchFirst;
    private List<Held> _held = [];
    private int _slot;

    /// <summary>The batch, and how many waited for it, before the input whose effects are being taken.</summary>
    private BatchBuilderMark _beforeInput;
    private int _heldBefore;

    /// <summary>What the input under way has in the batch; and whether its effects are still being taken.</summary>
    private readonly List<CoordinatorRecord> _ofInput = [];
    private bool _isTaking;

    /// <summary>The last input of which something was appended.</summary>
    private long _lastAppended;

    /// <summary>The error of a batch that could not be appended while its input's effects were still being taken.</summary>
    private ErrorCode _inputError;

    void Partitions.ICommitListener.OnCommitted(int slot, ErrorCode error) => Enqueue(() => Settle(slot, error));

    private void TakeEffects(TShard shard)
    {
        _inputError = ErrorCode.None;
        _beforeInput = _buffers?.Batch.Mark() ?? default;
        _heldBefore = _held.Count;
        _ofInput.Clear();
        _isTaking = true;
        while (shard.TryTakeEffect(out ShardEffect? effect))
        {
            switch (effect)
            {
                case WriteRecord write:
                    Add(write);
                    break;
                case WriteMarker marker:
                    AddMarker(marker);
                    break;
                case Answer { AtOnce: true } answer when _tickets.Remove(answer.Ticket, out PendingAnswer? asked):
                    asked.Give(answer.Response);
                    break;
                case Answer answer when _tickets.Remove(answer.Ticket, out PendingAnswer? asked):
                    Hold(new Held(asked, answer.Response));
                    break;
                case AwaitWritten awaited:
                    Hold(new Held(null, awaited.Token));
                    break;
                case Note note:
                    ShardLog.Said(services.Log, note.Sentence);
                    break;
                case Answer:
                    break;
                default:
                    services.OnEffect?.Invoke(this, effect);
                    break;
            }
        }

        _isTaking = false;
        if (_inputError == ErrorCode.None && _lastAppended == _input && _buffers is not { Batch.Count: > 0 })
        {
            // All of it is in the log by now, which could not be known when its last batch was appended.
            if (_appended.Count > 0)
            {
                _appended.Last().LastInput = _input;
            }
            else
            {
                shard.OnCommitted(_input);
            }
        }
    }

    /// <summary>Lets something wait for all that is written so far; it does not wait when all of that is committed.</summary>
    private void Hold(Held held)
    {
        if (_inputError != ErrorCode.None)
        {
            Release(held, _inputError);
        }
        else if (Plants.IsOn(Plant.AnsweredBeforeCommitted) && held.Asked is not null)
        {
            Release(held, ErrorCode.None);
        }
        else if (_buffers is { Batch.Count: > 0 })
        {
            _held.Add(held);
        }
        else if (_appended.Count > 0)
        {
            _appended.Last().Held.Add(held);
        }
        else
        {
            Release(held, ErrorCode.None);
        }
    }

    /// <summary>Appends what the batch holds, if anything.</summary>
    private void Flush() => Flush(new AppendTerms(AppendOrigin.Coordinator, _batchWriter is null ? null : _batchGuard));

    private void Flush(in AppendTerms terms)
    {
        if (_buffers is not { Batch: { Count: > 0 } batch })
        {
            return;
        }

        ShardTime now = services.Now;

        // Of the input under way more may come, so it does not count as written; and perhaps nothing of it is in this batch.
        long last = _isTaking ? _input - 1 : _input;
        bool hasOfInput = !_isTaking || _batchFirst == _input || _ofInput.Count > 0;
        Partitions.AppendOutcome outcome = partition.Append(batch.Build(), now.UnixMs, acksAll: true, terms, epoch);
        List<Held> held = _held;
        _held = [];
        (_beforeInput, _heldBefore) = (default, 0);
        _ofInput.Clear();
        batch.Reset(RecordBatchOptions.Default);
        if (outcome.Error != ErrorCode.None)
        {
            ShardLog.Undone(services.Log, Name, outcome.Error.ToString());
            _inputError = outcome.Error;
            if (!Plants.IsOn(Plant.FailedAppendKept))
            {
                _shard!.RevertTo(_batchFirst - 1);
            }

            ReleaseAll(held, outcome.Error);
            if (_lastAppended >= _batchFirst)
            {
                // One input filled several batches, and some of them are in the log.
                LoadAgain(outcome.Error);
            }

            return;
        }

        _lastAppended = hasOfInput ? _input : last;
        int slot = ++_slot;
        _appended.Enqueue(new Appended(slot, last, held, now.Monotonic + services.WriteTimeout));
        if (partition.AwaitCommit(outcome.End, epoch, this, slot) is { } decided)
        {
            Settle(slot, decided);
        }
    }

    /// <summary>A write is committed, or nobody knows.</summary>
    private void Settle(int slot, ErrorCode error)
    {
        if (_isClosed || !_appended.Any(a => a.Slot == slot))
        {
            return;
        }

        // Too few replicas are in sync by now, but those that are have it.
        if (error is not (ErrorCode.None or ErrorCode.NotEnoughReplicasAfterAppend))
        {
            LoadAgain(error);
            return;
        }

        while (_appended.TryPeek(out Appended? first) && first.Slot <= slot)
        {
            _appended.Dequeue();
            _shard!.OnCommitted(first.LastInput);
            ReleaseAll(first.Held, ErrorCode.None);
        }
    }

    private void ReleaseAll(IEnumerable<Held> all, ErrorCode error)
    {
        foreach (Held held in all)
        {
            Release(held, error);
        }
    }

    private void Release(Held held, ErrorCode error)
    {
        if (held.Asked is null)
        {
            Enqueue(() => Feed((shard, now) => shard.OnWritten(held.Response, error, now)));
        }
        else if (error == ErrorCode.None)
        {
            held.Asked.Give(held.Response);
        }
        else
        {
            held.Asked.Refuse(AppendErrors.ForClients(error));
        }
    }

    /// <summary>What takes too long to be committed is answered; it may yet be committed.</summary>
    private void RefuseLate()
    {
        TimeSpan now = services.Now.Monotonic;
        foreach (Appended appended in _appended.Where(a => a.Deadline <= now))
        {
            appended.Held.RemoveAll(held =>
            {
                held.Asked?.Refuse(AppendErrors.ForClients(ErrorCode.RequestTimedOut));
                return held.Asked is not null;
            });
        }
    }

    /// <summary>A response, or a token of the shard's own where nobody asked, that waits for a write.</summary>
    private readonly record struct Held(PendingAnswer? Asked, object Response);

    /// <summary>A batch in the log that is not committed yet.</summary>
    private sealed record Appended(int Slot, long LastInput, List<Held> Held, TimeSpan Deadline)
    {
        /// <summary>The last input of which all records are in the log with it.</summary>
        public long LastInput { get; set; } = LastInput;

        /// <summary>Whether somebody outside of the shard waits for it.</summary>
        public bool IsAwaited => Held.Exists(held => held.Asked is not null);
    }
}
