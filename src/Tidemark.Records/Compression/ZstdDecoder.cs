using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>zstd frames (RFC 8878), one or several.</summary>
internal sealed unsafe class ZstdDecoder : BatchDecoder
{
    /// <summary>Windows of up to 128 MB, which producers at level 22 use. Only what is decompressed into one takes memory.</summary>
    private const int WindowLogMax = 27;

    /// <summary>Contexts that grew beyond this for a large window are not kept.</summary>
    private const int KeptBytesMax = 4 << 20;

    private nint _context;
    private ZstdNative.Buffer _input;
    private bool _frameIsOpen;

    public ZstdDecoder()
    {
        _context = ZstdNative.ZSTD_createDCtx();
        Invariant.Require(_context != 0);
        Invariant.Require(ZstdNative.ZSTD_isError(ZstdNative.ZSTD_DCtx_setParameter(_context, ZstdNative.ParameterWindowLogMax, WindowLogMax)) == 0);
    }

    ~ZstdDecoder() => Free();

    public override void Begin(byte* source, int length)
    {
        ZstdNative.ZSTD_DCtx_reset(_context, ZstdNative.ResetSession);
        _input = new ZstdNative.Buffer { Bytes = source, Size = (nuint)length };
        _frameIsOpen = true;
    }

    public override int Read(Span<byte> destination)
    {
        fixed (byte* bytes = destination)
        fixed (ZstdNative.Buffer* input = &_input)
        {
            var output = new ZstdNative.Buffer { Bytes = bytes, Size = (nuint)destination.Length };
            while (output.Position == 0)
            {
                if (input->Position == input->Size && !_frameIsOpen)
                {
                    return 0;
                }

                nuint before = input->Position;
                nuint hint = ZstdNative.ZSTD_decompressStream(_context, &output, input);
                if (ZstdNative.ZSTD_isError(hint) != 0)
                {
                    return Corrupt;
                }

                _frameIsOpen = hint != 0;
                if (_frameIsOpen && output.Position == 0 && input->Position == before)
                {
                    return Corrupt;
                }
            }

            return (int)output.Position;
        }
    }

    public override bool End()
    {
        _input = default;
        return ZstdNative.ZSTD_sizeof_DCtx(_context) <= KeptBytesMax;
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
            ZstdNative.ZSTD_freeDCtx(context);
        }
    }
}
