using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Producers;

/// <summary>
/// <c>.snapshot</c>, named by the offset up to which it counts: version 1, the CRC-32C of everything after it, then the producers.
/// A producer has an entry for each batch that is remembered, the oldest first. Kafka writes the last one only, and of several reads the
/// last; so after a restart it no longer knows four of the five batches that may come again, and calls them out of order.
/// </summary>
internal static class ProducerSnapshot
{
    public const string Suffix = ".snapshot";
    private const short Version = 1;
    private const int HeadBytes = 2 + 4 + 4;
    private const int EntryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

    public static byte[] Encode(IReadOnlyCollection<ProducerEntry> producers)
    {
        int entries = producers.Sum(producer => Math.Max(1, producer.Batches.Length));
        byte[] content = new byte[HeadBytes + (entries * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(content, Version);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(6), entries);
        Span<byte> rest = content.AsSpan(HeadBytes);
        foreach (ProducerEntry producer in producers)
        {
            if (!producer.HasBatches)
            {
                WriteEntry(ref rest, producer, new BatchMemory(-1, -1, -1, 0, producer.LastTimestamp));
                continue;
            }

            foreach (BatchMemory batch in producer.Batches[..^1])
            {
                WriteEntry(ref rest, producer, batch);
            }

            // A marker may have come after the last batch.
            WriteEntry(ref rest, producer, producer.Batches[^1] with { Timestamp = producer.LastTimestamp });
        }

        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(2), Crc32C.Compute(content.AsSpan(6)));
        return content;
    }

    /// <summary>Null when the file is absent or damaged; then an older one serves, and the log is replayed from there.</summary>
    public static List<ProducerEntry>? Read(IDisk disk, string path)
    {
        byte[]? content = AtomicFile.Read(disk, path);
        if (content is null || content.Length < HeadBytes
            || BinaryPrimitives.ReadInt16BigEndian(content) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(2)) != Crc32C.Compute(content.AsSpan(6)))
        {
            return null;
        }

        int count = BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(6));
        ReadOnlySpan<byte> rest = content.AsSpan(HeadBytes);
        if (count < 0 || (long)count * EntryBytes != rest.Length)
        {
            return null;
        }

        var producers = new List<ProducerEntry>(count);
        for (; !rest.IsEmpty; rest = rest[EntryBytes..])
        {
            long id = BinaryPrimitives.ReadInt64BigEndian(rest);
            if (producers.Count == 0 || producers[^1].ProducerId != id)
            {
                producers.Add(new ProducerEntry(id));
            }

            ProducerEntry producer = producers[^1];
            producer.CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(rest[34..]);
            producer.CurrentTransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(rest[38..]);
            short epoch = BinaryPrimitives.ReadInt16BigEndian(rest[8..]);
            int lastSequence = BinaryPrimitives.ReadInt32BigEndian(rest[10..]);
            long lastOffset = BinaryPrimitives.ReadInt64BigEndian(rest[14..]);
            int delta = BinaryPrimitives.ReadInt32BigEndian(rest[22..]);
            long timestamp = BinaryPrimitives.ReadInt64BigEndian(rest[26..]);
            producer.BeginEpoch(epoch);
            if (lastOffset >= 0)
            {
                int firstSequence = lastSequence < 0 ? -1 : (int)(((long)lastSequence - delta) & int.MaxValue);
                producer.Remember(epoch, new BatchMemory(firstSequence, lastSequence, lastOffset, delta, timestamp));
            }

            producer.LastTimestamp = timestamp;
        }

        return producers;
    }

    private static void WriteEntry(ref Span<byte> rest, ProducerEntry producer, in BatchMemory batch)
    {
        BinaryPrimitives.WriteInt64BigEndian(rest, producer.ProducerId);
        BinaryPrimitives.WriteInt16BigEndian(rest[8..], producer.Epoch);
        BinaryPrimitives.WriteInt32BigEndian(rest[10..], batch.LastSequence);
        BinaryPrimitives.WriteInt64BigEndian(rest[14..], batch.LastOffset);
        BinaryPrimitives.WriteInt32BigEndian(rest[22..], batch.OffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(rest[26..], batch.Timestamp);
        BinaryPrimitives.WriteInt32BigEndian(rest[34..], producer.CoordinatorEpoch);
        BinaryPrimitives.WriteInt64BigEndian(rest[38..], producer.CurrentTransactionFirstOffset);
        rest = rest[EntryBytes..];
    }
}
