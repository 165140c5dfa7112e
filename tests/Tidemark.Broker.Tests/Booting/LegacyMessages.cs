using System.Buffers;
using System.Buffers.Binary;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>Writes records of today as the messages of format 1 that Kafka wrote before 0.11.</summary>
internal static class LegacyMessages
{
    /// <summary>All records of the batches, at the same offsets; their headers are lost.</summary>
    public static byte[] Of(ReadOnlySpan<byte> batches)
    {
        var output = new ArrayBufferWriter<byte>();
        for (; StoredBatch.TryTake(batches, out StoredBatch batch); batches = batches[(int)batch.SizeInBytes..])
        {
            using StoredRecords records = batch.Records();
            while (records.MoveNext(out RecordView record))
            {
                Write(output, record);
            }
        }

        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output, RecordView record)
    {
        int size = 34 + record.Key.Length + record.Value.Length;
        Span<byte> message = output.GetSpan(size)[..size];
        message.Clear();
        BinaryPrimitives.WriteInt64BigEndian(message, record.Offset);
        BinaryPrimitives.WriteInt32BigEndian(message[8..], size - 12);
        message[16] = 1;
        BinaryPrimitives.WriteInt64BigEndian(message[18..], record.Timestamp);
        WriteBytes(WriteBytes(message[26..], record.Key), record.Value);
        BinaryPrimitives.WriteUInt32BigEndian(message[12..], Crc32(message[16..]));
        output.Advance(size);
    }

    private static Span<byte> WriteBytes(Span<byte> to, RecordBytes bytes)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, bytes.IsNull ? -1 : bytes.Length);
        bytes.Span.CopyTo(to[4..]);
        return to[(4 + bytes.Length)..];
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc ^= one;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
