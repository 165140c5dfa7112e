using System.Buffers.Binary;

namespace Tidemark.Records.Legacy;

/// <summary>
/// A message of format 0 (before Kafka 0.10) or 1 (before 0.11), read where it lies. One that is compressed holds others in its value and has
/// the offset of the last of them. Nobody may write these any more (KIP-724), but logs of those days still hold them.
/// </summary>
/// <remarks>
/// offset 0–7, length 8–11 (of what follows it), CRC-32 12–15 (of what follows it), magic 16, attributes 17, in format 1 the timestamp 18–25,
/// then key and value, each behind an int32 length (-1: null).
/// </remarks>
public readonly ref struct LegacyMessage
{
    /// <summary>What a message of format 0 without key and value takes, with offset and length.</summary>
    public const int SizeMin = 26;

    private const int CrcAt = 12;
    private const int AttributesAt = 17;
    private const int TimestampAt = 18;
    private const byte CodecMask = 0x07;
    private const byte LogAppendTimeBit = 0x08;

    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>A view of bytes that begin with a message of one of these formats and hold at least <see cref="SizeOfEmpty"/> of it.</summary>
    public LegacyMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public long Offset => BinaryPrimitives.ReadInt64BigEndian(_bytes);

    /// <summary>With offset and length, as the length field says. Long, because a garbage length may not fit.</summary>
    public long SizeInBytes => (long)RecordBatchHeader.LengthOverhead + BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordBatchHeader.LengthAt..]);

    public byte Magic => _bytes[RecordBatchHeader.MagicAt];

    public CompressionCodec Codec => (CompressionCodec)(_bytes[AttributesAt] & CodecMask);

    public TimestampType TimestampType => Magic > 0 && (_bytes[AttributesAt] & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>In milliseconds since 1970; of a message that holds others the largest of theirs; -1 in format 0.</summary>
    public long Timestamp => Magic > 0 ? BinaryPrimitives.ReadInt64BigEndian(_bytes[TimestampAt..]) : RecordBatchHeader.NoTimestamp;

    /// <summary>Computes the CRC and compares. Needs the whole message.</summary>
    public bool CrcIsValid() =>
        BinaryPrimitives.ReadUInt32BigEndian(_bytes[CrcAt..]) == Crc32.Compute(_bytes[RecordBatchHeader.MagicAt..(int)SizeInBytes]);

    /// <summary>The bytes that a message of the format has at least, from its offset to the length of its value.</summary>
    public static int SizeOfEmpty(byte magic) => magic > 0 ? SizeMin + sizeof(long) : SizeMin;

    /// <summary>Key and value. Needs the whole message; false when they do not fill it.</summary>
    public bool TryReadContent(out RecordBytes key, out RecordBytes value)
    {
        ReadOnlySpan<byte> rest = _bytes[(Magic > 0 ? TimestampAt + sizeof(long) : TimestampAt)..(int)SizeInBytes];
        value = default;
        return TryRead(ref rest, out key) && TryRead(ref rest, out value) && rest.IsEmpty;
    }

    private static bool TryRead(scoped ref ReadOnlySpan<byte> rest, out RecordBytes bytes)
    {
        bytes = default;
        if (rest.Length < sizeof(int))
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(rest);
        rest = rest[sizeof(int)..];
        if (length > rest.Length)
        {
            return false;
        }

        if (length >= 0)
        {
            bytes = rest[..length];
            rest = rest[length..];
        }

        return true;
    }
}
