using System.Runtime.InteropServices;

namespace Tidemark.Records.Compression;

/// <summary>The part of libzstd's stable interface that streams need (zstd.h, 1.4 and later).</summary>
internal static unsafe partial class ZstdNative
{
    public const string Library = "libzstd.so.1";
    public const int LevelMin = -131072;
    public const int LevelMax = 22;

    public const int ResetSession = 1;
    public const int ParameterLevel = 100;
    public const int ParameterWindowLogMax = 100;
    public const int Continue = 0;
    public const int End = 2;

    [LibraryImport(Library)]
    public static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    public static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_DCtx_reset(nint context, int directive);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_DCtx_setParameter(nint context, int parameter, int value);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_sizeof_DCtx(nint context);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_decompressStream(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library)]
    public static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    public static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_CCtx_reset(nint context, int directive);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_CCtx_setParameter(nint context, int parameter, int value);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_sizeof_CCtx(nint context);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_compressStream2(nint context, Buffer* output, Buffer* input, int operation);

    [LibraryImport(Library)]
    public static partial uint ZSTD_isError(nuint code);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer, which are laid out alike.</summary>
    public struct Buffer
    {
        public byte* Bytes;
        public nuint Size;
        public nuint Position;
    }
}
