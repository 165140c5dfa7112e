using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Coordinating;

/// <content>How the records of inputs come into batches.</content>
public sealed partial class ShardDriver<TShard>
{
    /// <summary>Left free in a batch of the largest size for what surrounds its records.</summary>
    private const int BatchOverhead = 512;

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

        if (!Fits(buffers, write.Writer))
        {
            FlushEarlierInputs(write.Writer);
            buffers.Take(write.Record);
            if (!Fits(buffers, write.Writer))
            {
                Flush();
            }
        }

        if (_inputError == ErrorCode.None)
        {
            Append(buffers, write.Record, write.Writer);
        }
    }

    private bool Fits(Buffers buffers, TransactionalWriter? writer) => buffers.Batch.Count == 0
        || (_batchWriter == writer
            && buffers.Batch.PlainSize + buffers.Key.WrittenSpan.Length + buffers.Value.WrittenSpan.Length + BatchOverhead <= partition.Config.Batches.BatchBytesMax);

    /// <summary>Puts the record that was taken last into the batch.</summary>
    private void Append(Buffers buffers, in CoordinatorRecord record, TransactionalWriter? writer)
    {
        Begin(buffers.Batch, writer);
        buffers.Batch.Append(services.Now.UnixMs, buffers.Key.WrittenSpan, record.Value is null ? RecordBytes.Null : buffers.Value.WrittenSpan);
        _ofInput.Add(record);
    }

    /// <summary>
    /// The batch is full: what the input under way has in it goes on in the next one, so that all of an input is appended or nothing, unless it fills
    /// more than a batch. It must not be refused when part of it is in the log.
    /// </summary>
    private void FlushEarlierInputs(TransactionalWriter? writer)
    {
        if (_batchFirst == _input || _batchWriter != writer || _ofInput.Count == 0)
        {
            return;
        }

        CoordinatorRecord[] moved = [.. _ofInput];
        Held[] waiting = TakeHeldOfInput();
        Buffers buffers = _buffers!;
        buffers.Batch.ReturnTo(_beforeInput);
        _ofInput.Clear();
        Flush();
        if (_inputError != ErrorCode.None)
        {
            ReleaseAll(waiting, _inputError);
            return;
        }

        foreach (CoordinatorRecord record in moved)
        {
            buffers.Take(record);
            Append(buffers, record, writer);
        }

        _held.AddRange(waiting);
    }

    private Held[] TakeHeldOfInput()
    {
        Held[] ofInput = [.. _held.Skip(_heldBefore)];
        _held.RemoveRange(_held.Count - ofInput.Length, ofInput.Length);
        return ofInput;
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
            // Also where the batch that the input found went to the log meanwhile.
            _buffers!.Batch.Reset(RecordBatchOptions.Default);
        }
        else
        {
            _buffers!.Batch.ReturnTo(_beforeInput);
        }

        _shard!.RevertTo(_input - 1);
        ReleaseAll(TakeHeldOfInput(), error);
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
}
