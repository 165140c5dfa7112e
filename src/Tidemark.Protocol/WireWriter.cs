using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Protocol;

/// <summary>
/// Writes the protocol's types, big-endian, into one contiguous buffer of the shared pool that grows as needed.
/// It owns the buffer: <see cref="WrittenMemory"/> is valid until the next write, <see cref="Reset"/> or <see cref="Dispose"/>.
/// Not safe for use by two threads at once.
/// </summary>
public sealed partial class WireWriter : IBufferWriter<byte>, IDisposable
{
    private const int FirstSize = 256;

    private byte[] _buffer;
    private int _length;

    /// <param name="sizeHint">The bytes that will probably be written.</param>
    public WireWriter(int sizeHint = FirstSize) => _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, 16));

    /// <summary>The bytes written so far.</summary>
    public int Length => _length;

    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, _length);

    /// <summary>The bytes written so far, to be patched in place.</summary>
    public Span<byte> WrittenBytes => _buffer.AsSpan(0, _length);

    /// <summary>Forgets what was written and keeps the buffer.</summary>
    public void Reset() => _length = 0;

    /// <summary>Returns the buffer to the pool. Nothing may be written afterwards.</summary>
    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _length = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _length), nameof(count));
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Ensure(Math.Max(sizeHint, 1));
        return _buffer.AsSpan(_length);
    }

    public void WriteBool(bool value) => Claim(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Claim(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Claim(2), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Claim(2), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Claim(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Claim(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Claim(8), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Claim(8), value);

    public void WriteUuid(Uuid value) => value.Write(Claim(16));

    public void WriteErrorCode(ErrorCode value) => WriteInt16((short)value);

    public void WriteVarUInt32(uint value)
    {
        Ensure(VarInt.UInt32BytesMax);
        _length += VarInt.Write(_buffer.AsSpan(_length), value);
    }

    public void WriteVarUInt64(ulong value)
    {
        Ensure(VarInt.UInt64BytesMax);
        _length += VarInt.Write(_buffer.AsSpan(_length), value);
    }

    /// <summary>Writes a signed integer zigzag encoded, in variable length.</summary>
    public void WriteVarInt32(int value) => WriteVarUInt32(VarInt.ZigZag(value));

    /// <summary>Writes a signed integer zigzag encoded, in variable length.</summary>
    public void WriteVarInt64(long value) => WriteVarUInt64(VarInt.ZigZag(value));

    /// <summary>Writes a string in the compact form of flexible versions or the plain one.</summary>
    public void WriteString(string value, bool compact)
    {
        int size = Encoding.UTF8.GetByteCount(value);
        if (size > WireReader.StringBytesMax)
        {
            throw new InvalidOperationException($"A string of {size} bytes: the protocol allows {WireReader.StringBytesMax}.");
        }

        if (compact)
        {
            WriteVarUInt32((uint)size + 1);
        }
        else
        {
            WriteInt16((short)size);
        }

        Encoding.UTF8.GetBytes(value, Claim(size));
    }

    public void WriteNullableString(string? value, bool compact)
    {
        if (value is not null)
        {
            WriteString(value, compact);
        }
        else if (compact)
        {
            WriteVarUInt32(0);
        }
        else
        {
            WriteInt16(-1);
        }
    }

    public void WriteBytes(ReadOnlyMemory<byte> value, bool compact)
    {
        WriteCount(value.Length, compact);
        WriteRaw(value.Span);
    }

    public void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool compact)
    {
        if (value is { } bytes)
        {
            WriteBytes(bytes, compact);
        }
        else
        {
            WriteNullCount(compact);
        }
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Claim(bytes.Length));

    /// <summary>Writes the byte that stands before a struct that may be null.</summary>
    public void WriteIsNull(bool isNull) => WriteInt8(isNull ? (sbyte)-1 : (sbyte)1);

    /// <summary>Writes the number that opens a tagged struct that may be null; it differs from the byte outside tags.</summary>
    public void WriteTaggedIsNull(bool isNull) => WriteVarUInt32(isNull ? 0u : 1u);

    /// <summary>Writes the count of an array, or the length of bytes.</summary>
    public void WriteCount(int count, bool compact)
    {
        if (compact)
        {
            WriteVarUInt32((uint)count + 1);
        }
        else
        {
            WriteInt32(count);
        }
    }

    /// <summary>Writes what stands for null where a count is expected.</summary>
    public void WriteNullCount(bool compact)
    {
        if (compact)
        {
            WriteVarUInt32(0);
        }
        else
        {
            WriteInt32(-1);
        }
    }

    internal static InvalidOperationException UnsupportedVersion(string message, short version) => new($"{message} has no version {version}.");

    internal static InvalidOperationException NotInVersion(string field, short version) =>
        new($"{field} is not its default, and version {version} cannot carry it.");

    internal static InvalidOperationException NullNotInVersion(string field, short version) =>
        new($"{field} is null, and version {version} cannot carry that.");

    private Span<byte> Claim(int size)
    {
        Ensure(size);
        Span<byte> span = _buffer.AsSpan(_length, size);
        _length += size;
        return span;
    }

    private void Ensure(int size)
    {
        if (size > _buffer.Length - _length)
        {
            Grow(size);
        }
    }

    private void Grow(int size)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        long wanted = Math.Max((long)_length + size, Math.Min(_buffer.Length * 2L, Array.MaxLength));
        if (wanted > Array.MaxLength)
        {
            throw new InvalidOperationException($"A message of {wanted} bytes cannot be written.");
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent((int)wanted);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
