using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records;

/// <summary>
/// Writes one batch: append records, then <see cref="Build"/>. It can be used again after <see cref="Reset"/>, and keeps its memory.
/// One owner, who disposes it.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private readonly PooledBytes _plain = new();
    private PooledBytes? _compressed;
    private RecordBatchOptions _options;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private long _lastOffset;

    public RecordBatchBuilder(RecordBatchOptions? options = null)
    {
        _options = options ?? RecordBatchOptions.Default;
        Reset(_options);
    }

    /// <summary>How many records were appended.</summary>
    public int Count { get; private set; }

    /// <summary>The batch's size were it built now without compression.</summary>
    public int PlainSize => _plain.Length;

    /// <summary>The latest timestamp so far, -1 without one.</summary>
    public long MaxTimestamp => _options.LogAppendTimeMs ?? _maxTimestamp;

    /// <summary>Forgets the records and starts a new batch. What Build gave is no longer valid.</summary>
    public void Reset(RecordBatchOptions options)
    {
        _options = options;
        _plain.Truncate(0);
        _plain.GetSpan(RecordBatchHeader.Size);
        _plain.Advance(RecordBatchHeader.Size);
        _compressed?.Truncate(0);
        Count = 0;
        _baseTimestamp = options.DeleteHorizonMs ?? RecordBatchHeader.NoTimestamp;
        _maxTimestamp = RecordBatchHeader.NoTimestamp;
        _lastOffset = options.BaseOffset.Value - 1;
    }

    /// <summary>Appends a record at the next offset.</summary>
    public void Append(long timestamp, RecordBytes key, RecordBytes value, params ReadOnlySpan<RecordHeader> headers) =>
        AppendAt(new Offset(_lastOffset + 1), timestamp, key, value, headers);

    /// <summary>Appends a record at an offset beyond the last one, as compaction leaves them.</summary>
    public void AppendAt(Offset offset, long timestamp, RecordBytes key, RecordBytes value, params ReadOnlySpan<RecordHeader> headers)
    {
        int headerSize = 0;
        foreach (RecordHeader header in headers)
        {
            int keySize = Encoding.UTF8.GetByteCount(header.Key);
            headerSize += SignedVarInt.SizeOf(keySize) + keySize + SizeOf(header.Value);
        }

        Span<byte> rest = Begin(offset, timestamp, key, value, headers.Length, headerSize);
        foreach (RecordHeader header in headers)
        {
            int keySize = Encoding.UTF8.GetByteCount(header.Key);
            rest = rest[SignedVarInt.Write(rest, keySize)..];
            rest = rest[Encoding.UTF8.GetBytes(header.Key, rest)..];
            rest = Write(rest, header.Value);
        }

        Invariant.Require(rest.IsEmpty);
    }

    /// <summary>Appends a record that was read from another batch, with its offset, timestamp and headers.</summary>
    public void Append(scoped in RecordView record) => AppendAt(new Offset(record.Offset), record);

    /// <summary>Appends a record that was read from another batch at an offset of its own.</summary>
    public void AppendAt(Offset offset, scoped in RecordView record)
    {
        Span<byte> rest = Begin(offset, record.Timestamp, record.Key, record.Value, record.HeaderCount, record.EncodedHeaders.Length);
        record.EncodedHeaders.CopyTo(rest);
    }

    /// <summary>Where the batch is now; see <see cref="ReturnTo"/>.</summary>
    public BatchBuilderMark Mark() => new(Count, _plain.Length, _baseTimestamp, _maxTimestamp, _lastOffset);

    /// <summary>Takes out what was appended since the mark was made. The batch must not have been reset since.</summary>
    public void ReturnTo(in BatchBuilderMark mark)
    {
        Invariant.Require(mark.Count <= Count && mark.Length <= _plain.Length);
        _plain.Truncate(mark.Length);
        (Count, _baseTimestamp, _maxTimestamp, _lastOffset) = (mark.Count, mark.BaseTimestamp, mark.MaxTimestamp, mark.LastOffset);
    }

    /// <summary>
    /// Compresses, writes the header and computes the CRC. The bytes belong to the builder: valid until it is reset, appended to or
    /// disposed; the caller may stamp them.
    /// </summary>
    public Memory<byte> Build()
    {
        PooledBytes batch = _plain;
        if (_options.Codec != CompressionCodec.None)
        {
            batch = _compressed ??= new PooledBytes(_plain.Length);
            batch.Truncate(0);
            batch.Write(_plain.Span[..RecordBatchHeader.Size]);
            CodecEncoding.Append(_options.Codec, _options.Level, _plain.Span[RecordBatchHeader.Size..], batch);
        }

        WriteHeader(batch.Span);
        return batch.Memory;
    }

    /// <summary>Builds the batch and copies it out.</summary>
    public void WriteTo(IBufferWriter<byte> output) => output.Write(Build().Span);

    public void Dispose()
    {
        _plain.Dispose();
        _compressed?.Dispose();
    }

    private static int SizeOf(RecordBytes bytes) => bytes.IsNull ? 1 : SignedVarInt.SizeOf(bytes.Length) + bytes.Length;

    private static Span<byte> Write(Span<byte> output, RecordBytes bytes)
    {
        int written = SignedVarInt.Write(output, bytes.IsNull ? -1 : bytes.Length);
        bytes.Span.CopyTo(output[written..]);
        return output[(written + bytes.Length)..];
    }

    /// <summary>Writes a record up to the number of its headers and gives the room that was left for them.</summary>
    private Span<byte> Begin(Offset offset, long timestamp, RecordBytes key, RecordBytes value, int headerCount, int headerSize)
    {
        Invariant.Require(offset.Value > _lastOffset);
        int offsetDelta = checked((int)(offset - _options.BaseOffset));
        if (Count == 0 && _options.DeleteHorizonMs is null)
        {
            _baseTimestamp = timestamp;
        }

        long timestampDelta = timestamp - _baseTimestamp;
        int bodySize = checked(1 + SignedVarInt.SizeOf(timestampDelta) + SignedVarInt.SizeOf(offsetDelta) + SizeOf(key) + SizeOf(value) + SignedVarInt.SizeOf(headerCount) + headerSize);
        int size = SignedVarInt.SizeOf(bodySize) + bodySize;
        Span<byte> output = _plain.GetSpan(size)[..size];
        _plain.Advance(size);
        output = output[SignedVarInt.Write(output, bodySize)..];
        output[0] = 0;
        output = output[1..];
        output = output[SignedVarInt.Write(output, timestampDelta)..];
        output = output[SignedVarInt.Write(output, offsetDelta)..];
        output = Write(output, key);
        output = Write(output, value);
        output = output[SignedVarInt.Write(output, headerCount)..];
        Count++;
        _lastOffset = offset.Value;
        _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
        return output;
    }

    private void WriteHeader(Span<byte> batch)
    {
        RecordBatchOptions options = _options;
        long lastOffset = options.LastOffset?.Value ?? _lastOffset;
        Invariant.Require(lastOffset >= _lastOffset);
        Invariant.Require(lastOffset >= options.BaseOffset.Value);
        var attributes = (BatchAttributes)options.Codec;
        attributes |= options.LogAppendTimeMs is null ? 0 : BatchAttributes.LogAppendTime;
        attributes |= options.IsTransactional ? BatchAttributes.Transactional : 0;
        attributes |= options.IsControl ? BatchAttributes.Control : 0;
        attributes |= options.DeleteHorizonMs is null ? 0 : BatchAttributes.DeleteHorizon;
        RecordBatchHeader.Stamp(batch, options.BaseOffset, options.LeaderEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LengthAt..], batch.Length - RecordBatchHeader.LengthOverhead);
        batch[RecordBatchHeader.MagicAt] = RecordBatchHeader.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.AttributesAt..], (short)attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LastOffsetDeltaAt..], checked((int)(lastOffset - options.BaseOffset.Value)));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.BaseTimestampAt..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..], MaxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.ProducerIdAt..], options.ProducerId.Value);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.ProducerEpochAt..], options.ProducerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.BaseSequenceAt..], options.BaseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.RecordCountAt..], Count);
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchHeader.CrcAt..], RecordBatchHeader.ComputeCrc(batch));
    }
}
