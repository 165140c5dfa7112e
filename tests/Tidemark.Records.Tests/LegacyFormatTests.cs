using System.Text;
using Tidemark.Tests.Shared;

namespace Tidemark.Records.Tests;

/// <summary>Messages of before Kafka 0.11, which nobody writes any more and old logs still hold.</summary>
public class LegacyFormatTests
{
    [Fact]
    public void What_Kafka_wrote_in_formats_0_and_1_reads_as_Kafka_reads_it()
    {
        Assert.Equal(12, LegacyVectors.All.Count);
        foreach (LegacyVector vector in LegacyVectors.All)
        {
            var records = new List<string>();
            ReadOnlySpan<byte> rest = vector.Bytes;
            for (; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
            {
                Assert.True(batch.IsLegacy);
                Assert.True(batch.CrcIsValid(), vector.Name);
                long newest = Read(batch, records);
                Assert.Equal(batch.Magic == 0 ? -1 : newest, batch.MaxTimestamp);
                Assert.Equal(records[^1].Split(' ')[0], batch.LastOffset.ToString());
            }

            Assert.True(rest.IsEmpty);
            Assert.Equal(vector.Records, records);
        }
    }

    [Fact]
    public void A_changed_byte_is_found_by_the_checksum()
    {
        foreach (LegacyVector vector in LegacyVectors.All)
        {
            Assert.True(StoredBatch.TryTake(vector.Bytes, out StoredBatch whole));
            for (int at = RecordBatchHeader.MagicAt; at < whole.SizeInBytes; at++)
            {
                byte[] damaged = [.. vector.Bytes];
                damaged[at] ^= 0x10;
                Assert.False(StoredBatch.TryTake(damaged, out StoredBatch batch) && batch.CrcIsValid(), $"{vector.Name} at {at}");
            }
        }
    }

    [Fact]
    public void Damaged_messages_are_read_or_refused()
    {
        const int Seed = 20140131;
        var random = new Random(Seed);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] bytes = [.. LegacyVectors.All[i % LegacyVectors.All.Count].Bytes];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                // Behind the magic: what the other formats do with damage is looked at elsewhere.
                bytes[random.Next(RecordBatchHeader.MagicAt + 1, bytes.Length)] = (byte)random.Next(256);
            }

            ReadOnlySpan<byte> rest = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            for (; StoredBatch.TryTake(rest, out StoredBatch batch); rest = rest[(int)batch.SizeInBytes..])
            {
                _ = batch.CrcIsValid();
                using StoredRecords records = batch.Records(bytesMax: 1 << 20);
                while (records.MoveNext(out RecordView record))
                {
                    Assert.True(record.Key.Length + record.Value.Length <= 1 << 20, $"seed {Seed}, round {i}");
                }
            }
        }
    }

    private static long Read(StoredBatch batch, List<string> into)
    {
        long newest = -1;
        using StoredRecords records = batch.Records();
        while (records.MoveNext(out RecordView record))
        {
            newest = Math.Max(newest, record.Timestamp);
            into.Add($"{record.Offset} {record.Timestamp} {Text(record.Key)} {Text(record.Value)}");
        }

        records.ThrowIfFaulty();
        return newest;
    }

    private static string Text(RecordBytes bytes) => bytes.IsNull ? "-" : $"'{Encoding.UTF8.GetString(bytes.Span)}'";
}
