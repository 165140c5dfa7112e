using System.Buffers.Binary;
using Tidemark.Primitives;

namespace Tidemark.Records;

/// <summary>
/// The 61 bytes before the records of a batch in format v2 (magic 2, KIP-98), read where they lie.
/// The span may hold the header alone, or the batch with its records; what needs the records says so.
/// Nothing is checked here but that 61 bytes are there: see <see cref="BatchWalk"/> and the validator.
/// </summary>
/// <remarks>
/// base offset 0–7, length 8–11 (of what follows it), leader epoch 12–15, magic 16, CRC-32C 17–20 (of what follows it),
/// attributes 21–22, last offset delta 23–26, base timestamp 27–34, max timestamp 35–42, producer id 43–50, producer epoch 51–52,
/// base sequence 53–56, record count 57–60.
/// </remarks>
public readonly ref struct RecordBatchHeader
{
    /// <summary>The size of the header, in bytes.</summary>
    public const int Size = 61;

    /// <summary>Base offset and length: what stands before the bytes that the length counts.</summary>
    public const int LengthOverhead = 12;

    /// <summary>The least that a v2 batch's length field can say.</summary>
    public const int LengthMin = Size - LengthOverhead;

    /// <summary>The one format that is written and accepted; 0 and 1 are message sets of before Kafka 0.11, read from old logs as <see cref="StoredBatch"/>.</summary>
    public const byte CurrentMagic = 2;

    /// <summary>What timestamps, producer ids and sequences say when they are absent.</summary>
    public const long NoTimestamp = -1;

    internal const int LengthAt = 8;
    internal const int LeaderEpochAt = 12;
    internal const int MagicAt = 16;
    internal const int CrcAt = 17;
    internal const int AttributesAt = 21;
    internal const int LastOffsetDeltaAt = 23;
    internal const int BaseTimestampAt = 27;
    internal const int MaxTimestampAt = 35;
    internal const int ProducerIdAt = 43;
    internal const int ProducerEpochAt = 51;
    internal const int BaseSequenceAt = 53;
    internal const int RecordCountAt = 57;

    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>A view of <paramref name="bytes"/>, which begin with the batch's base offset and hold at least the header.</summary>
    public RecordBatchHeader(ReadOnlySpan<byte> bytes)
    {
        Invariant.Require(bytes.Length >= Size);
        _bytes = bytes;
    }

    public Offset BaseOffset => new(BinaryPrimitives.ReadInt64BigEndian(_bytes));

    /// <summary>The length field: the bytes after it.</summary>
    public int Length => BinaryPrimitives.ReadInt32BigEndian(_bytes[LengthAt..]);

    /// <summary>The whole batch with its header, as the length field says. Long, because a garbage length may not fit.</summary>
    public long SizeInBytes => (long)LengthOverhead + Length;

    public LeaderEpoch LeaderEpoch => new(BinaryPrimitives.ReadInt32BigEndian(_bytes[LeaderEpochAt..]));

    public byte Magic => _bytes[MagicAt];

    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[CrcAt..]);

    public BatchAttributes Attributes => (BatchAttributes)BinaryPrimitives.ReadInt16BigEndian(_bytes[AttributesAt..]);

    /// <summary>The codec bits; 5 to 7 name no codec and come out as such.</summary>
    public CompressionCodec Codec => (CompressionCodec)(Attributes & BatchAttributes.CodecMask);

    public TimestampType TimestampType => (Attributes & BatchAttributes.LogAppendTime) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    public bool IsTransactional => (Attributes & BatchAttributes.Transactional) != 0;

    /// <summary>True for a batch of markers that clients never see, such as a transaction's commit.</summary>
    public bool IsControl => (Attributes & BatchAttributes.Control) != 0;

    public bool HasDeleteHorizon => (Attributes & BatchAttributes.DeleteHorizon) != 0;

    /// <summary>When tombstones and markers may go, in milliseconds since 1970; kept in the base timestamp's place (KIP-534).</summary>
    public long? DeleteHorizonMs => HasDeleteHorizon ? BaseTimestamp : null;

    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[LastOffsetDeltaAt..]);

    public Offset LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>The place of the first record after this batch.</summary>
    public Offset NextOffset => BaseOffset + (LastOffsetDelta + 1L);

    /// <summary>What the records' timestamp deltas count from, in milliseconds since 1970.</summary>
    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[BaseTimestampAt..]);

    /// <summary>The latest record's timestamp, or with LogAppendTime the time of all of them; -1 where there is none.</summary>
    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[MaxTimestampAt..]);

    public ProducerId ProducerId => new(BinaryPrimitives.ReadInt64BigEndian(_bytes[ProducerIdAt..]));

    public bool HasProducerId => ProducerId.Value > -1;

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[ProducerEpochAt..]);

    /// <summary>The first record's sequence number, -1 without one.</summary>
    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BaseSequenceAt..]);

    /// <summary>The last record's sequence number, -1 without one.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : AddToSequence(BaseSequence, LastOffsetDelta);

    /// <summary>How many records the batch says it has; compaction may have left fewer than its offsets span, or none.</summary>
    public int RecordCount => BinaryPrimitives.ReadInt32BigEndian(_bytes[RecordCountAt..]);

    /// <summary>The bytes that this view was given.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Header and records. Needs the whole batch.</summary>
    public ReadOnlySpan<byte> Batch => _bytes[..(int)SizeInBytes];

    /// <summary>The records, compressed or not. Needs the whole batch.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[Size..(int)SizeInBytes];

    /// <summary>Computes the CRC and compares. Needs the whole batch.</summary>
    public bool CrcIsValid() => Crc == ComputeCrc(Batch);

    /// <summary>
    /// Writes this header as that of a batch whose records are all gone: offsets, producer and sequence stay, so that neither is forgotten.
    /// </summary>
    /// <param name="into">Room for <see cref="Size"/> bytes.</param>
    public void WriteEmptied(Span<byte> into)
    {
        const BatchAttributes Kept = BatchAttributes.LogAppendTime | BatchAttributes.Transactional | BatchAttributes.Control;
        Span<byte> batch = into[..Size];
        _bytes[..Size].CopyTo(batch);
        BinaryPrimitives.WriteInt32BigEndian(batch[LengthAt..], LengthMin);
        BinaryPrimitives.WriteInt16BigEndian(batch[AttributesAt..], (short)(Attributes & Kept));
        BinaryPrimitives.WriteInt64BigEndian(batch[BaseTimestampAt..], NoTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordCountAt..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], ComputeCrc(batch));
    }

    /// <summary>Sequence numbers go from 2^31-1 back to 0.</summary>
    public static int AddToSequence(int sequence, int increment) => (int)(((long)sequence + increment) & int.MaxValue);

    /// <summary>The CRC-32C of a whole batch: of everything from its attributes on.</summary>
    public static uint ComputeCrc(ReadOnlySpan<byte> batch) => Crc32C.Compute(batch[AttributesAt..]);

    /// <summary>Writes what the leader assigns; neither is covered by the CRC.</summary>
    public static void Stamp(Span<byte> batch, Offset baseOffset, LeaderEpoch leaderEpoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[LeaderEpochAt..], leaderEpoch.Value);
    }

    /// <summary>
    /// Writes timestamp type and max timestamp into a whole batch whose CRC is right, and the CRC that this makes.
    /// The new CRC comes out of the old one and the bytes that change, so the records are not read again.
    /// </summary>
    public static void StampTimestamps(Span<byte> batch, TimestampType type, long maxTimestamp)
    {
        var header = new RecordBatchHeader(batch);
        if (header.TimestampType == type && header.MaxTimestamp == maxTimestamp)
        {
            return;
        }

        Span<byte> change = stackalloc byte[MaxTimestampAt + sizeof(long) - AttributesAt];
        Span<byte> changing = batch.Slice(AttributesAt, change.Length);
        changing.CopyTo(change);
        BatchAttributes attributes = header.Attributes & BatchAttributes.Known & ~BatchAttributes.LogAppendTime;
        if (type == TimestampType.LogAppendTime)
        {
            attributes |= BatchAttributes.LogAppendTime;
        }

        uint crc = header.Crc;
        long size = header.SizeInBytes;
        BinaryPrimitives.WriteInt16BigEndian(changing, (short)attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestampAt..], maxTimestamp);
        for (int i = 0; i < change.Length; i++)
        {
            change[i] ^= changing[i];
        }

        crc ^= Crc32C.AppendZeros(Crc32C.Append(0, change), size - AttributesAt - change.Length);
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], crc);
    }
}
