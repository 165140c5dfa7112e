using Tidemark.Primitives;
using Tidemark.Records.Compression;

namespace Tidemark.Records.Validation;

/// <summary>
/// Checks what a producer sent for one partition, in Kafka's order and with its error codes. Reads only; the time is an argument.
/// An uncompressed batch is read once for its CRC and its records' lengths and nothing is allocated; a compressed one is decompressed
/// through one pooled buffer.
/// </summary>
/// <remarks>
/// In the order of the checks: exactly one batch of format 2 (INVALID_RECORD; CORRUPT_MESSAGE where the bytes cannot be one), zstd only
/// since Produce 7 (UNSUPPORTED_COMPRESSION_TYPE), base offset 0 (INVALID_RECORD), size (MESSAGE_TOO_LARGE), CRC (CORRUPT_MESSAGE),
/// codec, count against offsets, no control batch, a sequence where there is a producer id (INVALID_RECORD), then each record: its
/// frame, key and timestamp (INVALID_RECORD, INVALID_TIMESTAMP). Record attributes, timestamp and offset deltas are taken as they are.
/// Where Kafka answers UNKNOWN_SERVER_ERROR, for a codec that does not exist or does not decompress, this says what is wrong.
/// </remarks>
public static class BatchValidator
{
    /// <summary>How many wrong records a refusal lists; a response should not become larger than its request.</summary>
    public const int RecordErrorsMax = 1000;

    private const short ZstdVersionMin = 7;

    /// <summary>Checks the records of one partition of a Produce request of that version, at the broker's time in milliseconds since 1970.</summary>
    public static BatchValidation Validate(ReadOnlySpan<byte> records, short produceVersion, BatchRules rules, long nowMs)
    {
        if (CheckFrame(records, produceVersion, out int size) is { } badFrame)
        {
            return badFrame;
        }

        var batch = new RecordBatchHeader(records[..size]);
        if (CheckHeader(batch, rules) is { } badHeader)
        {
            return badHeader;
        }

        var checks = new RecordChecks(batch, rules, nowMs);
        RecordFault fault = batch.Codec == CompressionCodec.None ? CheckPlain(batch, ref checks) : CheckCompressed(batch, rules, ref checks);
        if (fault != RecordFault.None)
        {
            return BatchValidation.Refuse(ErrorCode.InvalidRecord, Describe(fault, batch, rules), true);
        }

        if (checks.Refusal() is { } badRecords)
        {
            return badRecords;
        }

        bool isAppendTime = rules.TimestampType == TimestampType.LogAppendTime;
        return new BatchValidation
        {
            SizeInBytes = size,
            RecordCount = batch.RecordCount,
            TimestampType = rules.TimestampType,
            MaxTimestamp = isAppendTime ? nowMs : checks.MaxTimestamp,
            OffsetDeltaOfMaxTimestamp = isAppendTime ? 0 : checks.IndexOfMaxTimestamp,
            NeedsReencoding = rules.Codec is { } codec && codec != batch.Codec,
            OffsetsAreDense = checks.OffsetsAreDense,
        };
    }

    private static BatchValidation? CheckFrame(ReadOnlySpan<byte> records, short produceVersion, out int size)
    {
        BatchFault fault = BatchWalk.Frame(records, out long batchSize);
        size = (int)batchSize;
        if (fault != BatchFault.None)
        {
            var walk = new BatchWalk(records);
            walk.MoveNext();
            ErrorCode code = fault is BatchFault.Incomplete or BatchFault.OldFormat or BatchFault.LengthTooLarge ? ErrorCode.InvalidRecord : ErrorCode.CorruptMessage;
            return BatchValidation.Refuse(code, $"a partition's records are exactly one batch of format 2, but {walk.Describe()}");
        }

        var batch = new RecordBatchHeader(records);
        if (batch.Codec == CompressionCodec.Zstd && produceVersion < ZstdVersionMin)
        {
            return BatchValidation.Refuse(ErrorCode.UnsupportedCompressionType, $"Produce takes zstd since version {ZstdVersionMin}, this is version {produceVersion}");
        }

        ReadOnlySpan<byte> rest = records[size..];
        fault = BatchWalk.Frame(rest, out long nextSize);
        return fault switch
        {
            BatchFault.Incomplete => null,
            BatchFault.LengthTooSmall or BatchFault.UnknownMagic => BatchValidation.Refuse(ErrorCode.CorruptMessage, $"what follows the batch is no batch: {fault}"),
            _ when rest.Length < nextSize => null,
            _ => BatchValidation.Refuse(ErrorCode.InvalidRecord, "a partition's records are exactly one batch, these are more"),
        };
    }

    private static BatchValidation? CheckHeader(RecordBatchHeader batch, BatchRules rules)
    {
        if (batch.BaseOffset != Offset.Zero)
        {
            return Invalid($"the base offset of a produced batch is 0, this has {batch.BaseOffset}");
        }

        if (batch.SizeInBytes > rules.BatchBytesMax)
        {
            return BatchValidation.Refuse(ErrorCode.MessageTooLarge, $"the batch has {batch.SizeInBytes} bytes, max.message.bytes is {rules.BatchBytesMax}");
        }

        uint crc = RecordBatchHeader.ComputeCrc(batch.Bytes);
        if (batch.Crc != crc)
        {
            return BatchValidation.Refuse(ErrorCode.CorruptMessage, $"the batch's CRC is {batch.Crc:x8}, its bytes give {crc:x8}");
        }

        if (!CompressionCodecs.IsAvailable(batch.Codec))
        {
            return BatchValidation.Refuse(ErrorCode.UnsupportedCompressionType, CompressionCodecs.WhyUnavailable(batch.Codec)!, true);
        }

        if (rules.Codec is { } codec && codec != batch.Codec && !CompressionCodecs.IsAvailable(codec))
        {
            return BatchValidation.Refuse(ErrorCode.UnsupportedCompressionType, CompressionCodecs.WhyUnavailable(codec)!, true);
        }

        if (batch.RecordCount <= 0 || batch.LastOffsetDelta != batch.RecordCount - 1)
        {
            return Invalid($"the batch says {batch.RecordCount} records and last offset delta {batch.LastOffsetDelta}; there is at least one record, and the delta is one less than their number");
        }

        if (batch.IsControl)
        {
            return Invalid("clients may not write control batches");
        }

        return batch.HasProducerId && batch.BaseSequence < 0
            ? Invalid($"the batch of producer {batch.ProducerId} has the base sequence {batch.BaseSequence}; it is 0 or more")
            : null;
    }

    private static BatchValidation Invalid(string message) => BatchValidation.Refuse(ErrorCode.InvalidRecord, message, true);

    private static RecordFault CheckPlain(RecordBatchHeader batch, ref RecordChecks checks)
    {
        ReadOnlySpan<byte> payload = batch.Payload;
        int count = batch.RecordCount, at = 0;
        var shape = default(RecordShape);
        while (count > 0)
        {
            count -= checks.CheckRun(payload[at..], count, out int walked);
            at += walked;
            if (count == 0)
            {
                break;
            }

            if (at == payload.Length)
            {
                return RecordFault.TooFewRecords;
            }

            if (!SignedVarInt.TryRead(payload, ref at, out int length))
            {
                return RecordFault.InvalidNumber;
            }

            if (length < RecordReader.RecordSizeMin - 1 || length > payload.Length - at)
            {
                return RecordFault.InvalidLength;
            }

            RecordFault fault = RecordShape.Read(payload.Slice(at, length), ref shape);
            if (fault != RecordFault.None)
            {
                return fault;
            }

            at += length;
            checks.Check(shape);
            count--;
        }

        return at == payload.Length ? RecordFault.None : RecordFault.BytesLeft;
    }

    private static unsafe RecordFault CheckCompressed(RecordBatchHeader batch, BatchRules rules, ref RecordChecks checks)
    {
        CompressionCodec codec = batch.Codec;
        ReadOnlySpan<byte> payload = batch.Payload;
        BatchDecoder decoder = CodecPool.RentDecoder(codec);
        try
        {
            fixed (byte* source = payload)
            {
                decoder.Begin(source, payload.Length);
                var records = new DecodedRecords(decoder, rules.DecompressedBytesMax);
                try
                {
                    RecordFault fault = records.CheckAll(batch.RecordCount, ref checks);
                    return fault != RecordFault.None ? fault : records.ReadEnd();
                }
                finally
                {
                    records.Dispose();
                }
            }
        }
        finally
        {
            CodecPool.Return(codec, decoder);
        }
    }

    private static string Describe(RecordFault fault, RecordBatchHeader batch, BatchRules rules) => fault switch
    {
        RecordFault.TooFewRecords => $"the batch says {batch.RecordCount} records and holds fewer",
        RecordFault.BytesLeft => $"the batch says {batch.RecordCount} records and holds more bytes than these",
        RecordFault.CorruptCompression => $"the records cannot be decompressed as {CompressionCodecs.Name(batch.Codec)}",
        RecordFault.TooLarge => $"the records decompress to more than {rules.DecompressedBytesMax} bytes",
        _ => $"a record is malformed: {fault}",
    };
}
