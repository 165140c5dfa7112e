using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Tidemark.Records.Compression;

/// <summary>
/// One LZ4 frame, as Kafka's clients read it. The frame is taken apart here and only blocks are left to liblz4, for three reasons: its own
/// frame reader would read more than Java's consumers can, takes and gives back megabytes for every frame whose blocks could be that large
/// (Go's clients announce 4 MB and send 100 KB), and checks the content's checksum, which costs more than decompressing and which Kafka
/// leaves out, for the batch has a checksum of its own. Blocks' checksums are verified. What follows the frame is ignored, as they do.
/// </summary>
internal sealed unsafe class Lz4Decoder : BatchDecoder
{
    private const uint StoredBit = 0x8000_0000;
    private const int ChecksumSize = sizeof(uint);

    /// <summary>What a block may have left behind in the memory that is kept for the next one.</summary>
    private const int KeptBytesMax = 512 * 1024;

    private Lz4Frame _frame;
    private byte* _source;
    private int _left;
    private bool _frameIsOpen;
    private bool _isReadable;
    private long _decoded;

    // A block that did not fit where it was wanted: its memory, and what of the block is still to be given. Only pages that a block
    // really filled take memory, whatever size its frame announced.
    private byte* _block;
    private int _blockSize;
    private int _blockFilledMax;
    private byte* _pending;
    private int _pendingLength;

    ~Lz4Decoder() => Free();

    public override void Begin(byte* source, int length)
    {
        _isReadable = Lz4Frame.TryRead(new ReadOnlySpan<byte>(source, length), out _frame);
        _source = source + _frame.Size;
        _left = length - _frame.Size;
        _frameIsOpen = true;
        _decoded = 0;
        _pendingLength = 0;
    }

    public override int Read(Span<byte> destination)
    {
        if (!_isReadable)
        {
            return Corrupt;
        }

        while (true)
        {
            if (_pendingLength > 0)
            {
                int count = Math.Min(_pendingLength, destination.Length);
                new ReadOnlySpan<byte>(_pending, count).CopyTo(destination);
                _pending += count;
                _pendingLength -= count;
                return count;
            }

            if (!_frameIsOpen)
            {
                return 0;
            }

            int read = ReadBlock(destination);
            if (read != 0)
            {
                _isReadable = read != Corrupt;
                return read;
            }
        }
    }

    public override bool End()
    {
        _source = null;
        _left = 0;
        _pendingLength = 0;
        if (_blockFilledMax > KeptBytesMax)
        {
            Free();
        }

        return true;
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes the next block: gives it where it fits, else leaves it pending; or ends the frame.</summary>
    private int ReadBlock(Span<byte> destination)
    {
        if (!TryTake(sizeof(uint), out byte* head))
        {
            return Corrupt;
        }

        uint word = BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(head, sizeof(uint)));
        if (word == 0)
        {
            _frameIsOpen = false;
            bool isWhole = (!_frame.HasContentChecksum || TryTake(ChecksumSize, out _))
                && (_frame.ContentSize < 0 || _frame.ContentSize == _decoded);
            return isWhole ? 0 : Corrupt;
        }

        uint size = word & ~StoredBit;
        if (size > (uint)_frame.BlockMax || !TryTake((int)size, out byte* block) || !IsIntact(block, (int)size))
        {
            return Corrupt;
        }

        if ((word & StoredBit) != 0)
        {
            _decoded += size;
            _pending = block;
            _pendingLength = (int)size;
            return 0;
        }

        int decoded = Decompress(block, (int)size, destination);
        _decoded += Math.Max(decoded, 0) + _pendingLength;
        return decoded;
    }

    private bool TryTake(int count, out byte* taken)
    {
        taken = _source;
        if (count > _left)
        {
            return false;
        }

        _source += count;
        _left -= count;
        return true;
    }

    private bool IsIntact(byte* block, int size) =>
        !_frame.BlocksHaveChecksums
        || (TryTake(ChecksumSize, out byte* checksum)
            && BinaryPrimitives.ReadUInt32LittleEndian(new ReadOnlySpan<byte>(checksum, ChecksumSize)) == XxHash32.Compute(new ReadOnlySpan<byte>(block, size)));

    private int Decompress(byte* block, int size, Span<byte> destination)
    {
        // Frames mostly announce larger blocks than they have, so it is tried first whether the block fits.
        if (destination.Length >= size)
        {
            fixed (byte* output = destination)
            {
                int capacity = Math.Min(destination.Length, _frame.BlockMax);
                int decoded = Lz4Native.LZ4_decompress_safe(block, output, size, capacity);
                if (decoded >= 0 || capacity == _frame.BlockMax)
                {
                    return Math.Max(decoded, Corrupt);
                }
            }
        }

        if (_blockSize < _frame.BlockMax)
        {
            Free();
            _block = (byte*)NativeMemory.Alloc((nuint)_frame.BlockMax);
            _blockSize = _frame.BlockMax;
        }

        int filled = Lz4Native.LZ4_decompress_safe(block, _block, size, _frame.BlockMax);
        if (filled < 0)
        {
            // It may have filled all of it before it came to the wrong byte.
            _blockFilledMax = _frame.BlockMax;
            return Corrupt;
        }

        _blockFilledMax = Math.Max(_blockFilledMax, filled);
        _pending = _block;
        _pendingLength = filled;
        return 0;
    }

    private void Free()
    {
        NativeMemory.Free(_block);
        _block = null;
        (_blockSize, _blockFilledMax) = (0, 0);
    }
}
