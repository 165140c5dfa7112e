using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Protocol;

/// <summary>
/// Reads the protocol's types from one contiguous frame, big-endian. Bytes and records are views on the frame.
/// Every size and count is compared with the bytes that are left before memory is taken for it;
/// what does not fit throws <see cref="ProtocolException"/>.
/// </summary>
public ref partial struct WireReader
{
    /// <summary>The longest string that Kafka reads, in bytes of UTF-8; the short form could not say more.</summary>
    public const int StringBytesMax = short.MaxValue;

    private readonly ReadOnlyMemory<byte> _memory;
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;

    public WireReader(ReadOnlyMemory<byte> frame)
    {
        _memory = frame;
        _bytes = frame.Span;
    }

    /// <summary>The bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>The bytes that are left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    public bool ReadBool() => Take(1)[0] != 0;

    public sbyte ReadInt8() => (sbyte)Take(1)[0];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public Uuid ReadUuid() => Uuid.Read(Take(16));

    public ErrorCode ReadErrorCode() => (ErrorCode)ReadInt16();

    /// <summary>Reads an unsigned integer of variable length.</summary>
    public uint ReadVarUInt32()
    {
        int start = _position;
        if ((uint)start < (uint)_bytes.Length && _bytes[start] < 0x80)
        {
            _position = start + 1;
            return _bytes[start];
        }

        return ReadLongVarUInt32();
    }

    private uint ReadLongVarUInt32()
    {
        uint value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = Take(1)[0];
            if (shift == 28 && part > 0x0F)
            {
                throw new ProtocolException("An integer of variable length exceeds 32 bits.");
            }

            value |= (uint)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>Reads an unsigned integer of variable length.</summary>
    public ulong ReadVarUInt64()
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte part = Take(1)[0];
            if (shift == 63 && part > 1)
            {
                throw new ProtocolException("An integer of variable length exceeds 64 bits.");
            }

            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }
    }

    /// <summary>Reads a signed, zigzag encoded integer of variable length.</summary>
    public int ReadVarInt32() => VarInt.UnZigZag(ReadVarUInt32());

    /// <summary>Reads a signed, zigzag encoded integer of variable length.</summary>
    public long ReadVarInt64() => VarInt.UnZigZag(ReadVarUInt64());

    /// <summary>Reads a string that may not be null, in the compact form of flexible versions or the plain one.</summary>
    public string ReadString(bool compact) => ReadNullableString(compact) ?? throw ProtocolException.NullNotAllowed();

    public string? ReadNullableString(bool compact) =>
        TryReadUtf8(compact, out ReadOnlySpan<byte> text) ? Encoding.UTF8.GetString(text) : null;

    /// <summary>Reads a string without decoding it. False when it is null.</summary>
    public bool TryReadUtf8(bool compact, out ReadOnlySpan<byte> text)
    {
        int length = compact ? ReadCompactLength() : ReadInt16();
        if (length < 0)
        {
            text = default;
            return false;
        }

        if (length > StringBytesMax)
        {
            throw new ProtocolException($"A string of {length} bytes: the protocol allows {StringBytesMax}.");
        }

        text = Take(length);
        return true;
    }

    /// <summary>Reads bytes that may not be null, as a view on the frame.</summary>
    public ReadOnlyMemory<byte> ReadBytes(bool compact) => ReadNullableBytes(compact) ?? throw ProtocolException.NullNotAllowed();

    public ReadOnlyMemory<byte>? ReadNullableBytes(bool compact)
    {
        int length = compact ? ReadCompactLength() : ReadInt32();
        if (length < 0)
        {
            return null;
        }

        int start = _position;
        Take(length);
        return _memory.Slice(start, length);
    }

    /// <summary>Reads the next bytes as they stand, as a view on the frame.</summary>
    public ReadOnlyMemory<byte> ReadRaw(int length)
    {
        int start = _position;
        Take(length);
        return _memory.Slice(start, length);
    }

    /// <summary>Reads the byte that stands before a struct that may be null.</summary>
    public bool ReadIsNull() => ReadInt8() < 0;

    /// <summary>Reads the number that opens a tagged struct that may be null; it differs from the byte outside tags.</summary>
    public bool ReadTaggedIsNull() => ReadVarUInt32() == 0;

    /// <summary>
    /// Reads the count of an array that may not be null. A count whose elements, each of at least <paramref name="leastElementSize"/> bytes,
    /// exceed what is left is refused.
    /// </summary>
    public int ReadCount(bool compact, int leastElementSize)
    {
        int count = ReadNullableCount(compact, leastElementSize);
        return count >= 0 ? count : throw ProtocolException.NullNotAllowed();
    }

    /// <summary>As <see cref="ReadCount"/>; -1 stands for null.</summary>
    public int ReadNullableCount(bool compact, int leastElementSize)
    {
        int count = compact ? ReadCompactLength() : ReadInt32();
        if (count < 0)
        {
            return -1;
        }

        long least = (long)count * leastElementSize;
        return least <= Remaining ? count : throw ProtocolException.Truncated(least, Remaining);
    }

    /// <summary>Compact lengths are one more than they mean, so that 0 can stand for null.</summary>
    private int ReadCompactLength()
    {
        uint length = ReadVarUInt32();
        return length <= int.MaxValue ? (int)length - 1 : throw ProtocolException.Truncated(length - 1L, Remaining);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Take(int length)
    {
        int start = _position;
        if ((uint)length > (uint)(_bytes.Length - start))
        {
            ThrowTruncated(length);
        }

        _position = start + length;
        return _bytes.Slice(start, length);
    }

    private readonly void ThrowTruncated(int length) => throw ProtocolException.Truncated(length, Remaining);
}
