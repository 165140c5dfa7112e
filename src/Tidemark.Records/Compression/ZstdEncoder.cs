using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>One zstd frame a batch, without a checksum: the batch has its own.</summary>
internal sealed unsafe class ZstdEncoder : BatchEncoder
{
    private const int PieceSize = 16 * 1024;

    /// <summary>Contexts that grew beyond this for a high level are not kept; level 3 takes about 1.5 MB.</summary>
    private const int KeptBytesMax = 8 << 20;

    private nint _context = ZstdNative.ZSTD_createCCtx();
    private PooledBytes? _output;

    ~ZstdEncoder() => Free();

    public override void Begin(PooledBytes output, int level)
    {
        Invariant.Require(_context != 0);
        Invariant.Require(CompressionCodecs.IsValidLevel(CompressionCodec.Zstd, level));
        ZstdNative.ZSTD_CCtx_reset(_context, ZstdNative.ResetSession);
        Require(ZstdNative.ZSTD_CCtx_setParameter(_context, ZstdNative.ParameterLevel, level));
        _output = output;
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* source = bytes)
        {
            var input = new ZstdNative.Buffer { Bytes = source, Size = (nuint)bytes.Length };
            while (input.Position < input.Size)
            {
                Compress(&input, ZstdNative.Continue);
            }
        }
    }

    public override bool Finish()
    {
        var nothing = default(ZstdNative.Buffer);
        while (Compress(&nothing, ZstdNative.End) != 0)
        {
        }

        _output = null;
        return ZstdNative.ZSTD_sizeof_CCtx(_context) <= KeptBytesMax;
    }

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static nuint Require(nuint code)
    {
        Invariant.Require(ZstdNative.ZSTD_isError(code) == 0);
        return code;
    }

    private nuint Compress(ZstdNative.Buffer* input, int operation)
    {
        Span<byte> room = _output!.GetSpan(PieceSize);
        fixed (byte* destination = room)
        {
            var output = new ZstdNative.Buffer { Bytes = destination, Size = (nuint)room.Length };
            nuint left = Require(ZstdNative.ZSTD_compressStream2(_context, &output, input, operation));
            _output.Advance((int)output.Position);
            return left;
        }
    }

    private void Free()
    {
        nint context = Interlocked.Exchange(ref _context, 0);
        if (context != 0)
        {
            ZstdNative.ZSTD_freeCCtx(context);
        }
    }
}
