using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Coordinating;

public sealed partial class ShardDriver<TShard>
{
    /// <summary>Left free in a batch of the largest size for what surrounds its records.</summary>
    private const int BatchOverhead = 512;

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
    }

    private void Add(WriteRecord write)
    {
        if (_inputError != ErrorCode.None)
        {
            return;
        }

        Buffers buffers = _buffers ??= new Buffers();
        try
        {
            buffers.Take(write.Record);
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            ShardLog.RequestFailed(services.Log, Name, e);
            TakeBack(ErrorCode.UnknownServerError);
            return;
        }

        int size = buffers.Key.WrittenSpan.Length + buffers.Value.WrittenSpan.Length + BatchOverhead;
        if (buffers.Batch.Count > 0 && (_batchWriter != write.Writer || buffers.Batch.PlainSize + size > partition.Config.Batches.BatchBytesMax))
        {
            Flush();
        }

        if (_inputError == ErrorCode.None)
        {
            Begin(buffers.Batch, write.Writer);
            buffers.Batch.Append(services.Now.UnixMs, buffers.Key.WrittenSpan, write.Record.Value is null ? RecordBytes.Null : buffers.Value.WrittenSpan);
        }
    }

    /// <summary>A record of the input under way cannot be put into bytes: nothing of the input is kept, and all that came with it is.</summary>
    private void TakeBack(ErrorCode error)
    {
        if (_lastAppended == _input)
        {
            // Some of it is in the log.
            LoadAgain(error);
            return;
        }

        _inputError = error;
        if (_beforeInput.Count == 0)
        {
            _buffers!.Batch.Reset(RecordBatchOptions.Default);
        }
        else
        {
            _buffers!.Batch.ReturnTo(_beforeInput);
        }

        _shard!.RevertTo(_input - 1);
        Held[] ofInput = [.. _held.Skip(_heldBefore)];
        _held.RemoveRange(_held.Count - ofInput.Length, ofInput.Length);
        foreach (Held held in ofInput)
        {
            Release(held, error);
        }
    }

    /// <summary>A marker is a batch of its own.</summary>
    private void AddMarker(WriteMarker marker)
    {
        Flush();
        if (_inputError == ErrorCode.None)
        {
            _batchFirst = _input;
            RecordBatchBuilder batch = (_buffers ??= new Buffers()).Batch;
            batch.Reset(ControlRecord.MarkerOptions(marker.Writer.Id, marker.Writer.Epoch));
            batch.AppendMarker(marker.Commit, services.Now.UnixMs, marker.CoordinatorEpoch);
            Flush(new AppendTerms(AppendOrigin.Coordinator, TransactionVersion: marker.Version));
        }
    }

    private void Begin(RecordBatchBuilder batch, TransactionalWriter? writer)
    {
        if (batch.Count > 0)
        {
            return;
        }

        _batchFirst = _input;
        (_batchWriter, _batchGuard) = (writer, _inputGuard);
        batch.Reset(new RecordBatchOptions
        {
            Codec = services.Codec(),
            ProducerId = writer?.Id ?? ProducerId.None,
            ProducerEpoch = writer?.Epoch ?? -1,
            BaseSequence = writer is null ? -1 : 0,
            IsTransactional = writer is not null,
        });
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
        Partitions.AppendOutcome outcome = partition.Append(batch.Build(), now.UnixMs, acksAll: true, terms, epoch);
        List<Held> held = _held;
        _held = [];
        batch.Reset(RecordBatchOptions.Default);
        if (outcome.Error != ErrorCode.None)
        {
            ShardLog.Undone(services.Log, Name, outcome.Error.ToString());
            _inputError = outcome.Error;
            if (!Plants.IsOn(Plant.FailedAppendKept))
            {
                _shard!.RevertTo(_batchFirst - 1);
            }

            foreach (Held waiting in held)
            {
                Release(waiting, outcome.Error);
            }

            if (_lastAppended >= _batchFirst)
            {
                // One input filled several batches, and some of them are in the log.
                LoadAgain(outcome.Error);
            }

            return;
        }

        _lastAppended = _input;
        int slot = ++_slot;
        _appended.Enqueue(new Appended(slot, _input, held, now.Monotonic + services.WriteTimeout));
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
            foreach (Held held in first.Held)
            {
                Release(held, ErrorCode.None);
            }
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

    /// <summary>What a batch is made in.</summary>
    private sealed class Buffers : IDisposable
    {
        public RecordBatchBuilder Batch { get; } = new();

        public WireWriter Key { get; } = new();

        public WireWriter Value { get; } = new();

        /// <summary>Puts a record's key and value into bytes.</summary>
        public void Take(in CoordinatorRecord record)
        {
            Key.Reset();
            Value.Reset();
            CoordinatorRecordFrame.WriteKey(Key, record.Key);
            if (record.Value is { } value)
            {
                CoordinatorRecordFrame.WriteValue(Value, value, record.ValueVersion);
            }
        }

        public void Dispose()
        {
            Batch.Dispose();
            Key.Dispose();
            Value.Dispose();
        }
    }

    /// <summary>A response, or a token of the shard's own where nobody asked, that waits for a write.</summary>
    private readonly record struct Held(PendingAnswer? Asked, object Response);

    /// <summary>A batch in the log that is not committed yet.</summary>
    /// <param name="LastInput">The last input whose records are in the log with it.</param>
    private sealed record Appended(int Slot, long LastInput, List<Held> Held, TimeSpan Deadline)
    {
        /// <summary>Whether somebody outside of the shard waits for it.</summary>
        public bool IsAwaited => Held.Exists(held => held.Asked is not null);
    }
}
