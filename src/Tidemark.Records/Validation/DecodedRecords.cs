using System.Buffers;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Validation;

/// <summary>
/// The records of a compressed batch as they come out of the decoder, through one buffer of fixed size. A record that is larger than
/// the buffer is walked over field by field, so no batch takes more memory, whatever it decompresses to.
/// </summary>
internal ref struct DecodedRecords
{
    /// <summary>Room for one of the codecs' usual blocks behind the beginning of a record.</summary>
    private const int BufferSize = 128 * 1024;

    private readonly BatchDecoder _decoder;
    private readonly byte[] _buffer;
    private readonly long _bytesMax;
    private long _decoded;
    private int _start;
    private int _end;
    private bool _ended;
    private RecordFault _fault;

    public DecodedRecords(BatchDecoder decoder, long bytesMax)
    {
        _decoder = decoder;
        _bytesMax = bytesMax;
        _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
    }

    public readonly void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Checks so many records.</summary>
    public RecordFault CheckAll(int count, scoped ref RecordChecks checks)
    {
        var shape = default(RecordShape);
        while (true)
        {
            count -= checks.CheckRun(_buffer.AsSpan(_start, _end - _start), count, out int walked);
            _start += walked;
            if (count == 0)
            {
                return RecordFault.None;
            }

            // What the run left: the one that reaches beyond the buffer, or an unusual one.
            RecordFault fault = Read(ref shape);
            if (fault != RecordFault.None)
            {
                return fault;
            }

            checks.Check(shape);
            if (--count == 0)
            {
                return RecordFault.None;
            }
        }
    }

    /// <summary>Reads the next record.</summary>
    private RecordFault Read(ref RecordShape shape)
    {
        if (!TryReserve(SignedVarInt.SizeMax) && _start == _end)
        {
            return Fault(RecordFault.TooFewRecords);
        }

        if (!TryTakeNumber(out int length))
        {
            return Fault(RecordFault.InvalidNumber);
        }

        if (length < RecordReader.RecordSizeMin - 1)
        {
            return RecordFault.InvalidLength;
        }

        if (length > _buffer.Length)
        {
            return ReadLarge(length, ref shape);
        }

        if (!TryReserve(length))
        {
            return Fault(RecordFault.InvalidLength);
        }

        ReadOnlySpan<byte> body = _buffer.AsSpan(_start, length);
        _start += length;
        return RecordShape.Read(body, ref shape);
    }

    /// <summary>Whether the records end here, and the compressed stream properly with them.</summary>
    public RecordFault ReadEnd()
    {
        bool more = TryReserve(1);
        return _fault != RecordFault.None ? _fault : more ? RecordFault.BytesLeft : RecordFault.None;
    }

    /// <summary>What the decoder found wrong, or else what follows from the bytes.</summary>
    private readonly RecordFault Fault(RecordFault otherwise) => _fault != RecordFault.None ? _fault : otherwise;

    /// <summary>Fills the buffer until so many bytes stand in it. False when the stream ends before.</summary>
    private bool TryReserve(int count)
    {
        if (_end - _start >= count)
        {
            return true;
        }

        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < count && !_ended)
        {
            int read = _decoder.Read(_buffer.AsSpan(_end));
            if (read <= 0)
            {
                _ended = true;
                _fault = read == BatchDecoder.Corrupt ? RecordFault.CorruptCompression : RecordFault.None;
                break;
            }

            _decoded += read;
            if (_decoded > _bytesMax)
            {
                _ended = true;
                _fault = RecordFault.TooLarge;
                break;
            }

            _end += read;
        }

        return _end >= count;
    }

    private bool TryTakeNumber(out int value)
    {
        TryReserve(SignedVarInt.SizeMax);
        return SignedVarInt.TryRead(_buffer.AsSpan(0, _end), ref _start, out value);
    }

    private readonly long Position => _decoded - (_end - _start);

    private bool TrySkip(long count)
    {
        while (count > _end - _start)
        {
            count -= _end - _start;
            _start = _end;
            if (!TryReserve(1))
            {
                return false;
            }
        }

        _start += (int)count;
        return true;
    }

    private RecordFault ReadLarge(int length, ref RecordShape shape)
    {
        if (_bytesMax - Position < length)
        {
            return RecordFault.TooLarge;
        }

        long end = Position + length;
        TryReserve(1 + SignedVarInt.LongSizeMax);
        _start++;
        if (_start > _end || !SignedVarInt.TryReadLong(_buffer.AsSpan(0, _end), ref _start, out shape.TimestampDelta) || !TryTakeNumber(out shape.OffsetDelta))
        {
            return Fault(RecordFault.InvalidNumber);
        }

        RecordFault fault = SkipBytes(end, out shape.HasKey);
        if (fault == RecordFault.None)
        {
            fault = SkipBytes(end, out _);
        }

        if (fault != RecordFault.None)
        {
            return fault;
        }

        if (!TryTakeNumber(out int headers))
        {
            return Fault(RecordFault.InvalidNumber);
        }

        if (headers < 0 || headers > end - Position)
        {
            return RecordFault.InvalidHeaderCount;
        }

        for (int i = 0; i < headers; i++)
        {
            fault = SkipBytes(end, out bool hasKey);
            if (fault == RecordFault.None && !hasKey)
            {
                return RecordFault.InvalidHeaderKey;
            }

            if (fault == RecordFault.None)
            {
                fault = SkipBytes(end, out _);
            }

            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        return Position == end ? RecordFault.None : RecordFault.InvalidLength;
    }

    private RecordFault SkipBytes(long end, out bool present)
    {
        present = false;
        if (!TryTakeNumber(out int length))
        {
            return Fault(RecordFault.InvalidNumber);
        }

        present = length >= 0;
        if (length > end - Position)
        {
            return RecordFault.InvalidField;
        }

        return length <= 0 || TrySkip(length) ? RecordFault.None : Fault(RecordFault.InvalidField);
    }
}
