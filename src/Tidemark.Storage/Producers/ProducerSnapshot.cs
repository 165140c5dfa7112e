using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Producers;

/// <summary>
/// <c>.snapshot</c>, named by the offset up to which it counts: version 1, the CRC-32C of everything after it, then the producers.
/// </summary>
internal static class ProducerSnapshot
{
    public const string Suffix = ".snapshot";
    private const short Version = 1;
    private const int HeadBytes = 2 + 4 + 4;
    private const int EntryBytes = 8 + 2 + 4 + 8 + 4 + 8 + 4 + 8;

    public static byte[] Encode(IReadOnlyCollection<ProducerEntry> producers)
    {
        byte[] content = new byte[HeadBytes + (producers.Count * EntryBytes)];
        BinaryPrimitives.WriteInt16BigEndian(content, Version);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(6), producers.Count);
        Span<byte> rest = content.AsSpan(HeadBytes);
        foreach (ProducerEntry producer in producers)
        {
            BinaryPrimitives.WriteInt64BigEndian(rest, producer.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(rest[8..], producer.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(rest[10..], producer.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(rest[14..], producer.LastOffset);
            BinaryPrimitives.WriteInt32BigEndian(rest[22..], producer.LastOffsetDelta);
            BinaryPrimitives.WriteInt64BigEndian(rest[26..], producer.LastTimestamp);
            BinaryPrimitives.WriteInt32BigEndian(rest[34..], producer.CoordinatorEpoch);
            BinaryPrimitives.WriteInt64BigEndian(rest[38..], producer.CurrentTransactionFirstOffset);
            rest = rest[EntryBytes..];
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
            var producer = new ProducerEntry(BinaryPrimitives.ReadInt64BigEndian(rest))
            {
                CoordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(rest[34..]),
                CurrentTransactionFirstOffset = BinaryPrimitives.ReadInt64BigEndian(rest[38..]),
            };
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
            producers.Add(producer);
        }

        return producers;
    }
}
