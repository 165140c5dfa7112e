using System.Buffers.Binary;
using Tidemark.Primitives;

namespace Tidemark.Storage.Segments;

/// <summary>
/// What the log needs to know of a record batch (magic 2): a view of its first bytes. The leading 27 bytes are enough to walk from
/// batch to batch, all 61 for everything else.
/// </summary>
internal readonly ref struct BatchHead(ReadOnlySpan<byte> bytes)
{
    /// <summary>Offset and length, which the length itself does not count.</summary>
    public const int LengthPrefix = 12;

    /// <summary>The bytes that hold the base offset, the length and the last offset delta.</summary>
    public const int WalkBytes = 27;

    /// <summary>The whole header.</summary>
    public const int Bytes = 61;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes);

    /// <summary>Header and records together.</summary>
    public long TotalBytes => (long)BinaryPrimitives.ReadInt32BigEndian(_bytes[8..]) + LengthPrefix;

    public int LeaderEpoch => BinaryPrimitives.ReadInt32BigEndian(_bytes[12..]);

    public byte Magic => _bytes[16];

    public uint Checksum => BinaryPrimitives.ReadUInt32BigEndian(_bytes[17..]);

    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[21..]);

    public long LastOffset => BaseOffset + LastOffsetDelta;

    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[23..]);

    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[27..]);

    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[35..]);

    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[43..]);

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[51..]);

    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[53..]);

    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[57..]);

    public bool IsCompressed => (Attributes & 0x07) != 0;

    public bool HasLogAppendTime => (Attributes & 0x08) != 0;

    public bool IsTransactional => (Attributes & 0x10) != 0;

    public bool IsControl => (Attributes & 0x20) != 0;

    public bool HasProducerId => ProducerId >= 0;

    /// <summary>The sequence of the last record; after 2^31-1 comes 0.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : (int)(((long)BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>Writes what the leader decides. Neither field is under the checksum.</summary>
    public static void Stamp(Span<byte> batch, long baseOffset, LeaderEpoch epoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[12..], epoch.Value);
    }

    /// <summary>
    /// Takes the next whole batch off the bytes. False when they do not begin with one: too short, a length that cannot be, another
    /// magic, or offsets that run backwards.
    /// </summary>
    public static bool TryTake(ReadOnlySpan<byte> bytes, out BatchHead head)
    {
        head = new BatchHead(bytes);
        return bytes.Length >= Bytes && head.TotalBytes >= Bytes && head.TotalBytes <= bytes.Length
            && head.Magic == 2 && head.LastOffsetDelta >= 0 && head.BaseOffset >= 0;
    }

    /// <summary>Checks the checksum over a whole batch.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> batch) => Crc32C.Compute(batch[21..]) == new BatchHead(batch).Checksum;
}
