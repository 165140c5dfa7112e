using Tidemark.Primitives;
using Tidemark.Records.Legacy;

namespace Tidemark.Records;

/// <summary>
/// A batch as it may lie in a log: of format 2, or a message of formats 0 and 1 in a log that is older than Kafka 0.11. Kafka 4 writes none of
/// those but keeps, recovers, compacts and gives out what it has. The bytes may be the whole batch or only the head, which tells what stands here.
/// </summary>
public readonly ref struct StoredBatch
{
    private readonly ReadOnlySpan<byte> _bytes;

    private StoredBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>The least that the bytes of a batch can be, whatever its format.</summary>
    public const int SizeMin = LegacyMessage.SizeMin;

    public byte Magic => _bytes[RecordBatchHeader.MagicAt];

    /// <summary>Format 0 or 1: no producers, no transactions, no leader epochs.</summary>
    public bool IsLegacy => Magic < RecordBatchHeader.CurrentMagic;

    /// <summary>The header of a batch that is not <see cref="IsLegacy"/>.</summary>
    public RecordBatchHeader Header
    {
        get
        {
            Invariant.Require(!IsLegacy);
            return new RecordBatchHeader(_bytes);
        }
    }

    /// <summary>The message that <see cref="IsLegacy"/>.</summary>
    public LegacyMessage Message
    {
        get
        {
            Invariant.Require(IsLegacy);
            return new LegacyMessage(_bytes);
        }
    }

    /// <summary>The whole batch, as its length field says.</summary>
    public long SizeInBytes => new LegacyMessage(_bytes).SizeInBytes;

    /// <summary>False where the first record's offset stands only in what is compressed.</summary>
    public bool HasBaseOffset => !IsLegacy || Message.Codec == CompressionCodec.None;

    /// <summary>The first record's offset; where <see cref="HasBaseOffset"/> is false, the last one's.</summary>
    public Offset BaseOffset => IsLegacy ? LastOffset : Header.BaseOffset;

    public Offset LastOffset => IsLegacy ? new Offset(Message.Offset) : Header.LastOffset;

    public LeaderEpoch LeaderEpoch => IsLegacy ? LeaderEpoch.Unknown : Header.LeaderEpoch;

    public long MaxTimestamp => IsLegacy ? Message.Timestamp : Header.MaxTimestamp;

    public bool HasProducerId => !IsLegacy && Header.HasProducerId;

    public bool IsTransactional => !IsLegacy && Header.IsTransactional;

    public bool IsControl => !IsLegacy && Header.IsControl;

    public CompressionCodec Codec => IsLegacy ? Message.Codec : Header.Codec;

    public TimestampType TimestampType => IsLegacy ? Message.TimestampType : Header.TimestampType;

    /// <summary>The whole batch, which must be there.</summary>
    public ReadOnlySpan<byte> Batch => _bytes[..(int)SizeInBytes];

    /// <summary>Computes the CRC and compares. Needs the whole batch.</summary>
    public bool CrcIsValid() => IsLegacy ? Message.CrcIsValid() : Header.CrcIsValid();

    /// <summary>The records, decompressed up to so many bytes. Needs the whole batch; dispose the reader.</summary>
    public StoredRecords Records(int bytesMax = int.MaxValue) => new(this, bytesMax);

    /// <summary>As much of a batch as tells what stands here; false when the bytes are too few for it. Nothing else is checked.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out StoredBatch batch)
    {
        batch = new StoredBatch(bytes);
        return bytes.Length > RecordBatchHeader.MagicAt
            && bytes.Length >= (bytes[RecordBatchHeader.MagicAt] < RecordBatchHeader.CurrentMagic ? LegacyMessage.SizeOfEmpty(bytes[RecordBatchHeader.MagicAt]) : RecordBatchHeader.Size);
    }

    /// <summary>As <see cref="BatchWalk.Frame"/>, where formats 0 and 1 are no fault.</summary>
    public static BatchFault Frame(ReadOnlySpan<byte> bytes, out long size)
    {
        BatchFault fault = BatchWalk.Frame(bytes, out size);
        return fault != BatchFault.OldFormat ? fault
            : size < LegacyMessage.SizeOfEmpty(bytes[RecordBatchHeader.MagicAt]) ? BatchFault.HeaderTooSmall
            : bytes.Length < size ? BatchFault.Incomplete
            : BatchFault.None;
    }

    /// <summary>
    /// Takes the whole batch that the bytes begin with, from a disk or a leader, where anything may stand. False when they begin with none: too
    /// short, a length that cannot be, a format that does not exist, or offsets that are negative or run backwards.
    /// </summary>
    public static bool TryTake(ReadOnlySpan<byte> bytes, out StoredBatch batch)
    {
        batch = new StoredBatch(bytes);
        return Frame(bytes, out _) == BatchFault.None && batch.HasPlausibleOffsets;
    }

    /// <summary>False for negative offsets and for a last one below the first.</summary>
    public bool HasPlausibleOffsets => BaseOffset.Value >= 0 && (IsLegacy || Header.LastOffsetDelta >= 0);
}
