using System.Buffers.Binary;
using System.Text;
using Tidemark.Primitives;

namespace Tidemark.Records.Tests;

/// <summary>Batches as a producer sends them, right or wrong in one place. A patched batch gets a CRC that is right again.</summary>
internal static class ProducedBatch
{
    public const long Now = 1_790_000_000_000;

    public static byte[] Of(
        int records = 1,
        CompressionCodec codec = CompressionCodec.None,
        string? key = null,
        long timestamp = Now,
        long step = 1,
        long baseOffset = 0,
        long producerId = -1,
        int sequence = -1,
        bool transactional = false,
        string value = "v")
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            Codec = codec,
            BaseOffset = new Offset(baseOffset),
            ProducerId = new ProducerId(producerId),
            ProducerEpoch = (short)(producerId < 0 ? -1 : 0),
            BaseSequence = sequence,
            IsTransactional = transactional,
        });
        for (int i = 0; i < records; i++)
        {
            builder.Append(timestamp + (i * step), key is null ? null : Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value + i));
        }

        return builder.Build().ToArray();
    }

    public static byte[] Patched(this byte[] batch, int at, string hex)
    {
        byte[] patched = [.. batch];
        Convert.FromHexString(hex).CopyTo(patched, at);
        BinaryPrimitives.WriteUInt32BigEndian(patched.AsSpan(17), Crc32C.Compute(patched.AsSpan(21)));
        return patched;
    }

    public static byte[] WithCount(this byte[] batch, int count) => batch.Patched(57, count.ToString("x8"));

    public static byte[] WithLastDelta(this byte[] batch, int delta) => batch.Patched(23, delta.ToString("x8"));

    public static byte[] WithAttributes(this byte[] batch, short attributes) => batch.Patched(21, attributes.ToString("x4"));

    public static byte[] WithBadCrc(this byte[] batch)
    {
        byte[] bad = [.. batch];
        bad[18] ^= 0x5a;
        return bad;
    }
}
