using System.Runtime.InteropServices;

namespace Tidemark.Records.Compression;

/// <summary>
/// Which codecs there are, by number and by the name they have in <c>compression.type</c>, and which of them work on this machine:
/// lz4 and zstd need a native library.
/// </summary>
public static class CompressionCodecs
{
    private static readonly bool Lz4IsThere = NativeLibrary.TryLoad(Lz4Native.Library, out _);
    private static readonly bool ZstdIsThere = NativeLibrary.TryLoad(ZstdNative.Library, out _);

    /// <summary>Every codec, in the order of their numbers.</summary>
    public static ReadOnlySpan<CompressionCodec> All =>
        [CompressionCodec.None, CompressionCodec.Gzip, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd];

    /// <summary>False for the numbers 5 to 7, which a batch's attributes can hold and no codec has.</summary>
    public static bool IsKnown(CompressionCodec codec) => codec <= CompressionCodec.Zstd;

    /// <summary>True when batches of this codec can be read and written on this machine.</summary>
    public static bool IsAvailable(CompressionCodec codec) => codec switch
    {
        CompressionCodec.Lz4 => Lz4IsThere,
        CompressionCodec.Zstd => ZstdIsThere,
        _ => IsKnown(codec),
    };

    /// <summary>What an administrator can do about a codec that is not available; null when it is.</summary>
    public static string? WhyUnavailable(CompressionCodec codec) => codec switch
    {
        _ when IsAvailable(codec) => null,
        CompressionCodec.Lz4 => $"lz4 batches are refused: {Lz4Native.Library} is not installed (Debian and Ubuntu: apt install liblz4-1)",
        CompressionCodec.Zstd => $"zstd batches are refused: {ZstdNative.Library} is not installed (Debian and Ubuntu: apt install libzstd1)",
        _ => $"there is no codec with the number {(int)codec}",
    };

    /// <summary>The name in configurations and tools.</summary>
    public static string Name(CompressionCodec codec) => codec switch
    {
        CompressionCodec.None => "none",
        CompressionCodec.Gzip => "gzip",
        CompressionCodec.Snappy => "snappy",
        CompressionCodec.Lz4 => "lz4",
        CompressionCodec.Zstd => "zstd",
        _ => ((int)codec).ToString(),
    };

    /// <summary>Finds a codec by its name; <c>uncompressed</c>, as topics write it, is None.</summary>
    public static bool TryParse(string? name, out CompressionCodec codec)
    {
        (bool known, codec) = name switch
        {
            "none" or "uncompressed" => (true, CompressionCodec.None),
            "gzip" => (true, CompressionCodec.Gzip),
            "snappy" => (true, CompressionCodec.Snappy),
            "lz4" => (true, CompressionCodec.Lz4),
            "zstd" => (true, CompressionCodec.Zstd),
            _ => (false, default),
        };
        return known;
    }

    /// <summary>The level that Kafka uses where none is set: zlib's own, lz4's fast mode (which Kafka numbers 9), zstd's 3.</summary>
    public static int DefaultLevel(CompressionCodec codec) => codec switch
    {
        CompressionCodec.Gzip => -1,
        CompressionCodec.Lz4 => Lz4Encoder.FastLevel,
        CompressionCodec.Zstd => 3,
        _ => 0,
    };

    /// <summary>The levels that the codec takes: gzip -1 or 1 to 9, lz4 1 to 17, zstd what the library says; others have none.</summary>
    public static bool IsValidLevel(CompressionCodec codec, int level) => codec switch
    {
        CompressionCodec.Gzip => level is -1 or (>= 1 and <= 9),
        CompressionCodec.Lz4 => level is >= 1 and <= 17,
        CompressionCodec.Zstd => level is >= ZstdNative.LevelMin and <= ZstdNative.LevelMax,
        _ => level == 0,
    };
}
