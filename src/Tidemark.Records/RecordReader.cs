using System.Runtime.CompilerServices;

namespace Tidemark.Records;

/// <summary>
/// Reads the records of an uncompressed payload in order, strictly: each must fill its length, and together they must fill the payload.
/// The deltas are taken as they stand, because Kafka accepts any. Never throws and never allocates, whatever the bytes are.
/// </summary>
/// <remarks>
/// length varint, then: attributes int8 (unused), timestamp delta varlong, offset delta varint, key and value each behind a varint
/// length (negative: null), the number of headers varint, and for each its key and value, likewise.
/// </remarks>
public ref struct RecordReader
{
    /// <summary>Length, attributes, two deltas, key and value lengths, header count: no record has fewer bytes.</summary>
    public const int RecordSizeMin = 7;

    private readonly ReadOnlySpan<byte> _payload;
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long _fixedTimestamp;
    private readonly bool _timestampIsFixed;
    private readonly int _count;
    private int _position;
    private int _read;

    /// <summary>Reads <paramref name="payload"/>, the decompressed records of the batch with that header.</summary>
    public RecordReader(scoped in RecordBatchHeader header, ReadOnlySpan<byte> payload)
    {
        _payload = payload;
        _count = header.RecordCount;
        _baseOffset = header.BaseOffset.Value;
        _baseTimestamp = header.BaseTimestamp;
        _fixedTimestamp = header.MaxTimestamp;
        _timestampIsFixed = header.TimestampType == TimestampType.LogAppendTime;
        if (_count < 0 || _count > payload.Length / RecordSizeMin)
        {
            Fault = _count < 0 ? RecordFault.InvalidCount : RecordFault.TooFewRecords;
        }
    }

    /// <summary>What was found wrong; None while reading goes well and after it ended well.</summary>
    public RecordFault Fault { readonly get; private set; }

    /// <summary>The number of records read so far; after a fault, the index of the record that has it.</summary>
    public readonly int RecordsRead => _read;

    /// <summary>Reads the next record. False after the last one and at the first fault: <see cref="Fault"/> tells which.</summary>
    public bool MoveNext(out RecordView record)
    {
        if (Fault == RecordFault.None && _read < _count)
        {
            Fault = Read(out record);
            if (Fault == RecordFault.None)
            {
                _read++;
                return true;
            }
        }
        else if (Fault == RecordFault.None && _position != _payload.Length)
        {
            Fault = RecordFault.BytesLeft;
        }

        record = default;
        return false;
    }

    /// <summary>Throws <see cref="InvalidRecordException"/> when reading ended at a fault.</summary>
    public readonly void ThrowIfFaulty()
    {
        if (Fault != RecordFault.None)
        {
            throw new InvalidRecordException(Fault, $"record {_read} of the batch at offset {_baseOffset} cannot be read: {Fault}");
        }
    }

    internal static RecordFault TryReadHeader(ReadOnlySpan<byte> bytes, scoped ref int position, out ReadOnlySpan<byte> key, out RecordBytes value)
    {
        key = default;
        value = default;
        if (!SignedVarInt.TryRead(bytes, ref position, out int keyLength))
        {
            return RecordFault.InvalidNumber;
        }

        if (keyLength < 0)
        {
            return RecordFault.InvalidHeaderKey;
        }

        if (keyLength > bytes.Length - position)
        {
            return RecordFault.InvalidField;
        }

        key = bytes.Slice(position, keyLength);
        position += keyLength;
        return TryReadBytes(bytes, ref position, out value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RecordFault TryReadBytes(ReadOnlySpan<byte> bytes, scoped ref int position, out RecordBytes value)
    {
        value = default;
        if (!SignedVarInt.TryRead(bytes, ref position, out int length))
        {
            return RecordFault.InvalidNumber;
        }

        if (length < 0)
        {
            return RecordFault.None;
        }

        if (length > bytes.Length - position)
        {
            return RecordFault.InvalidField;
        }

        value = bytes.Slice(position, length);
        position += length;
        return RecordFault.None;
    }

    private RecordFault Read(out RecordView record)
    {
        record = default;
        if (_position == _payload.Length)
        {
            return RecordFault.TooFewRecords;
        }

        if (!SignedVarInt.TryRead(_payload, ref _position, out int length))
        {
            return RecordFault.InvalidNumber;
        }

        if (length < RecordSizeMin - 1 || length > _payload.Length - _position)
        {
            return RecordFault.InvalidLength;
        }

        ReadOnlySpan<byte> body = _payload.Slice(_position, length);
        int at = 1;
        if (!SignedVarInt.TryReadLong(body, ref at, out long timestampDelta) || !SignedVarInt.TryRead(body, ref at, out int offsetDelta))
        {
            return RecordFault.InvalidNumber;
        }

        RecordFault fault = TryReadBytes(body, ref at, out RecordBytes key);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        fault = TryReadBytes(body, ref at, out RecordBytes value);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        if (!SignedVarInt.TryRead(body, ref at, out int headers))
        {
            return RecordFault.InvalidNumber;
        }

        if (headers < 0 || headers > body.Length - at)
        {
            return RecordFault.InvalidHeaderCount;
        }

        int headersAt = at;
        for (int i = 0; i < headers; i++)
        {
            fault = TryReadHeader(body, ref at, out _, out _);
            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        if (at != length)
        {
            return RecordFault.InvalidLength;
        }

        _position += length;
        record = new RecordView
        {
            Body = body,
            OffsetDelta = offsetDelta,
            Offset = _baseOffset + offsetDelta,
            Timestamp = _timestampIsFixed ? _fixedTimestamp : _baseTimestamp + timestampDelta,
            Key = key,
            Value = value,
            HeaderCount = headers,
            EncodedHeaders = body[headersAt..],
        };
        return RecordFault.None;
    }
}
