using System.Buffers;
using System.Buffers.Binary;
using Tidemark.Broker.Connections;

namespace Tidemark.Network.Connections;

/// <summary>
/// Makes frames out of the bytes of a stream: <c>size(int32) bytes(size)</c>, each in one buffer of its own. Its gate judges a size
/// before room for it is rented; the room costs memory only as bytes come (see <see cref="Buffers.NativeBlock"/>).
/// </summary>
internal sealed class FrameAssembler(IFrameGate gate) : IDisposable
{
    private const int SizeLength = sizeof(int);

    /// <summary>After a frame of this size the next is likely as large, and its bytes are better received where they belong.</summary>
    private const int LargeMin = 8 * 1024;

    private IMemoryOwner<byte>? _frame;
    private uint _sizeBytes;
    private int _sizeByteCount;
    private int _size;
    private int _filled;
    private bool _awaitsRoom;

    /// <summary>Where the rest of the frame under way goes; empty when none is.</summary>
    public Memory<byte> Remainder => _frame is null ? default : _frame.Memory[_filled.._size];

    /// <summary>True between the first byte of a frame's size and its last byte.</summary>
    public bool IsInFrame => _frame is not null || _awaitsRoom || _sizeByteCount > 0;

    /// <summary>How many bytes to receive after <see cref="Remainder"/>: only the next size where large frames follow each other.</summary>
    public int LookAheadMax => _size < LargeMin ? int.MaxValue : _frame is null ? SizeLength - _sizeByteCount : SizeLength;

    /// <summary>Counts bytes that were received into <see cref="Remainder"/>; answers the frame if it is complete.</summary>
    public InboundFrame? Fill(int count)
    {
        _filled += count;
        if (_filled < _size)
        {
            return null;
        }

        var complete = new InboundFrame(_frame!, _size);
        _frame = null;
        return complete;
    }

    /// <summary>
    /// Takes bytes up to the end of one frame off the span; answers the frame if it is complete. Sets <paramref name="error"/> when
    /// no frame can begin here.
    /// </summary>
    public InboundFrame? Take(ref ReadOnlySpan<byte> bytes, out string? error)
    {
        error = null;
        if (_frame is null)
        {
            if (!_awaitsRoom)
            {
                if (!TakeSize(ref bytes))
                {
                    return null;
                }

                error = gate.Refusal(_size);
                if (error is not null)
                {
                    return null;
                }
            }

            _frame = gate.TryRent(_size);
            _filled = 0;
            _awaitsRoom = _frame is null;
            if (_frame is null)
            {
                return null;
            }
        }

        int count = Math.Min(bytes.Length, _size - _filled);
        bytes[..count].CopyTo(_frame.Memory.Span[_filled..]);
        bytes = bytes[count..];
        return Fill(count);
    }

    public void Dispose()
    {
        _frame?.Dispose();
        _frame = null;
    }

    private bool TakeSize(ref ReadOnlySpan<byte> bytes)
    {
        if (_sizeByteCount == 0 && bytes.Length >= SizeLength)
        {
            _size = BinaryPrimitives.ReadInt32BigEndian(bytes);
            bytes = bytes[SizeLength..];
            return true;
        }

        while (_sizeByteCount < SizeLength)
        {
            if (bytes.IsEmpty)
            {
                return false;
            }

            _sizeBytes = (_sizeBytes << 8) | bytes[0];
            _sizeByteCount++;
            bytes = bytes[1..];
        }

        _size = (int)_sizeBytes;
        (_sizeBytes, _sizeByteCount) = (0, 0);
        return true;
    }
}
