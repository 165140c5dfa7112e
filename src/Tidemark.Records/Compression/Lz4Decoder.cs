using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>
/// One LZ4 frame, as Kafka's clients read it: version 1, blocks that do not depend on one another, no dictionary. liblz4 would read
/// more, but a batch that Java's consumers cannot read must not enter the log. What follows the frame is ignored, as they do.
/// </summary>
internal sealed unsafe class Lz4Decoder : BatchDecoder
{
    private const int FlagsAt = 4;
    private const int BlockSizeAt = 5;
    private const int FrameHeaderMin = 7;
    private const byte VersionMask = 0xC0;
    private const byte Version1 = 0x40;
    private const byte IndependentBlocks = 0x20;
    private const byte ReservedOrDictionary = 0x03;

    /// <summary>A block of the usual size is decompressed in place when there is room for it and not for part of the next one.</summary>
    private const int PieceSize = 64 * 1024;

    /// <summary>Contexts that saw blocks of 1 MB or more keep that much memory, so they are not kept.</summary>
    private const int KeptBlockSizeIdMax = 5;

    private nint _context;
    private byte* _source;
    private nuint _left;
    private bool _frameIsOpen;
    private bool _isReadable;
    private bool _isSmall;

    public Lz4Decoder()
    {
        Invariant.Require(Lz4Native.LZ4F_isError(Lz4Native.LZ4F_createDecompressionContext(out _context, Lz4Native.Version)) == 0);
    }

    ~Lz4Decoder() => Free();

    public override void Begin(byte* source, int length)
    {
        Lz4Native.LZ4F_resetDecompressionContext(_context);
        _source = source;
        _left = (nuint)length;
        _frameIsOpen = true;
        _isReadable = length >= FrameHeaderMin
            && (source[FlagsAt] & (VersionMask | IndependentBlocks | ReservedOrDictionary)) == (Version1 | IndependentBlocks);
        _isSmall = length >= FrameHeaderMin && (source[BlockSizeAt] >> 4) <= KeptBlockSizeIdMax;
    }

    public override int Read(Span<byte> destination)
    {
        if (!_isReadable)
        {
            return Corrupt;
        }

        fixed (byte* bytes = destination)
        {
            while (_frameIsOpen)
            {
                nuint written = (nuint)Math.Min(destination.Length, PieceSize);
                nuint read = _left;
                nuint hint = Lz4Native.LZ4F_decompress(_context, bytes, &written, _source, &read, null);
                if (Lz4Native.LZ4F_isError(hint) != 0)
                {
                    return Corrupt;
                }

                _source += read;
                _left -= read;
                _frameIsOpen = hint != 0;
                if (written != 0)
                {
                    return (int)written;
                }

                if (_frameIsOpen && read == 0)
                {
                    return Corrupt;
                }
            }

            return 0;
        }
    }

    public override bool End()
    {
        _source = null;
        _left = 0;
        return _isSmall;
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        if (context != 0)
        {
            Lz4Native.LZ4F_freeDecompressionContext(context);
        }
    }
}
