using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>One LZ4 frame a batch as Kafka's Java clients write it: independent blocks of 64 KB, no checksums, no content size.</summary>
internal sealed unsafe class Lz4Encoder : BatchEncoder
{
    /// <summary>Kafka's default level, which stands for the fast compressor; every other level is one of the high-compression mode.</summary>
    public const int FastLevel = 9;

    private const int HighCompressionLevelMin = 3;
    private const int FrameHeaderMax = 19;
    private const int PieceSize = 64 * 1024;
    private const uint BlockSize64K = 4;
    private const uint IndependentBlocks = 1;

    private nint _context;
    private Lz4Native.Preferences _preferences;
    private PooledBytes? _output;

    public Lz4Encoder()
    {
        Invariant.Require(Lz4Native.LZ4F_isError(Lz4Native.LZ4F_createCompressionContext(out _context, Lz4Native.Version)) == 0);
    }

    ~Lz4Encoder() => Free();

    public override void Begin(PooledBytes output, int level)
    {
        Invariant.Require(CompressionCodecs.IsValidLevel(CompressionCodec.Lz4, level));
        _output = output;
        _preferences = new Lz4Native.Preferences
        {
            BlockSizeId = BlockSize64K,
            BlockMode = IndependentBlocks,
            Level = level == FastLevel ? 0 : Math.Clamp(level, HighCompressionLevelMin, Lz4Native.LevelMax),
        };
        Span<byte> room = output.GetSpan(FrameHeaderMax);
        fixed (byte* destination = room)
        fixed (Lz4Native.Preferences* preferences = &_preferences)
        {
            output.Advance(Require(Lz4Native.LZ4F_compressBegin(_context, destination, (nuint)room.Length, preferences)));
        }
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(bytes.Length, PieceSize)];
            Span<byte> room = _output!.GetSpan(Bound(piece.Length));
            fixed (byte* source = piece)
            fixed (byte* destination = room)
            {
                _output.Advance(Require(Lz4Native.LZ4F_compressUpdate(_context, destination, (nuint)room.Length, source, (nuint)piece.Length, null)));
            }

            bytes = bytes[piece.Length..];
        }
    }

    public override bool Finish()
    {
        Span<byte> room = _output!.GetSpan(Bound(0));
        fixed (byte* destination = room)
        {
            _output.Advance(Require(Lz4Native.LZ4F_compressEnd(_context, destination, (nuint)room.Length, null)));
        }

        _output = null;
        return true;
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static int Require(nuint code)
    {
        Invariant.Require(Lz4Native.LZ4F_isError(code) == 0);
        return (int)code;
    }

    private int Bound(int size)
    {
        fixed (Lz4Native.Preferences* preferences = &_preferences)
        {
            return (int)Lz4Native.LZ4F_compressBound((nuint)size, preferences);
        }
    }

    private void Free()
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        if (context != 0)
        {
            Lz4Native.LZ4F_freeCompressionContext(context);
        }
    }
}
