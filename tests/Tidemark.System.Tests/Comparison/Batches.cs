using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.System.Tests.Comparison;

/// <summary>Batches, right and wrong, that are the same bytes whenever they are made.</summary>
internal static class Batches
{
    private const int AttributesAt = 21;
    private const int CrcAt = 17;

    public static byte[] Of(int count, int valueBytes = 1, long timestampMs = BothBrokers.Moment, bool hasKeys = true, RecordBatchOptions? options = null)
    {
        using RecordBatchBuilder builder = new(options ?? RecordBatchOptions.Default);
        for (int i = 0; i < count; i++)
        {
            builder.Append(timestampMs + i, hasKeys ? "k"u8 : default, new byte[valueBytes]);
        }

        return builder.Build().ToArray();
    }

    public static byte[] Compressed(CompressionCodec codec, int count = 2, int valueBytes = 10) => Of(count, valueBytes, options: new RecordBatchOptions { Codec = codec });

    /// <summary>The batch with bytes put at a place and a checksum that is right for them.</summary>
    public static byte[] Patched(byte[] batch, int at, string hex)
    {
        byte[] patched = Broken(batch, at, hex);
        BinaryPrimitives.WriteUInt32BigEndian(patched.AsSpan(CrcAt), Crc32C.Compute(patched.AsSpan(AttributesAt)));
        return patched;
    }

    /// <summary>The batch with bytes put at a place and nothing else changed.</summary>
    public static byte[] Broken(byte[] batch, int at, string hex)
    {
        byte[] broken = [.. batch];
        Convert.FromHexString(hex).CopyTo(broken, at);
        return broken;
    }
}
