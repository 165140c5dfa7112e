using System.Runtime.InteropServices;

namespace Tidemark.Records.Compression;

/// <summary>liblz4: blocks in (lz4.h), frames out (lz4frame.h, 1.8 and later).</summary>
internal static unsafe partial class Lz4Native
{
    public const string Library = "liblz4.so.1";
    public const uint Version = 100;
    public const int LevelMax = 12;

    /// <summary>Decompresses a block; negative when it is malformed or does not fit.</summary>
    [LibraryImport(Library)]
    public static partial int LZ4_decompress_safe(byte* source, byte* destination, int sourceSize, int capacity);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_createCompressionContext(out nint context, uint version);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_freeCompressionContext(nint context);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_compressBound(nuint size, Preferences* preferences);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_compressBegin(nint context, byte* output, nuint capacity, Preferences* preferences);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_compressUpdate(nint context, byte* output, nuint capacity, byte* input, nuint size, void* options);

    [LibraryImport(Library)]
    public static partial nuint LZ4F_compressEnd(nint context, byte* output, nuint capacity, void* options);

    [LibraryImport(Library)]
    public static partial uint LZ4F_isError(nuint code);

    /// <summary>LZ4F_preferences_t with its LZ4F_frameInfo_t.</summary>
    public struct Preferences
    {
        public uint BlockSizeId;
        public uint BlockMode;
        public uint ContentChecksum;
        public uint FrameType;
        public ulong ContentSize;
        public uint DictionaryId;
        public uint BlockChecksum;
        public int Level;
        public uint AutoFlush;
        public uint FavorDecompressionSpeed;
        public uint Reserved0;
        public uint Reserved1;
        public uint Reserved2;
    }
}
