using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Records.Compression;
using Tidemark.Records.Validation;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Producing;

/// <summary>
/// Brings a produced batch from the frame into a partition: checked outside the partition's lock, then appended as it is; written anew
/// only where the topic has a codec of its own.
/// </summary>
internal static class ProducedBatch
{
    public static AppendOutcome Append(Partition partition, in ProducePartition p, short version, bool acksAll, long nowMs)
    {
        if (!p.HasRecords)
        {
            return AppendOutcome.Failed(ErrorCode.InvalidRecord, "The partition has null records; exactly one batch is needed.");
        }

        BatchRules rules = partition.Config.Batches;
        BatchValidation validation = BatchValidator.Validate(p.Records.Span, version, rules, nowMs);
        if (!validation.IsAccepted)
        {
            return Refused(partition, validation);
        }

        if (validation.NeedsReencoding)
        {
            return Reencode(partition, p, validation, rules, acksAll);
        }

        Memory<byte> batch = p.Records[..validation.SizeInBytes];
        validation.StampTimestamps(batch.Span);
        return partition.Append(batch, LogAppendTime(validation), acksAll, new AppendTerms(AppendOrigin.Client, p.Guard));
    }

    private static AppendOutcome Reencode(Partition partition, in ProducePartition p, in BatchValidation validation, BatchRules rules, bool acksAll)
    {
        using var output = new PooledBytes(validation.SizeInBytes);
        BatchValidation encoded = BatchReencoder.Reencode(p.Records.Span, validation, rules, output);
        return encoded.IsAccepted
            ? partition.Append(output.Memory, LogAppendTime(encoded), acksAll, new AppendTerms(AppendOrigin.Client, p.Guard))
            : Refused(partition, encoded);
    }

    private static long LogAppendTime(in BatchValidation validation) =>
        validation.TimestampType == TimestampType.LogAppendTime ? validation.MaxTimestamp : -1;

    private static AppendOutcome Refused(Partition partition, in BatchValidation validation) => new(
        validation.ErrorCode,
        Offset.Unknown,
        -1,
        validation.TellsLogStartOffset && partition.Log is { } log ? log.LogStart : Offset.Unknown,
        Offset.Unknown,
        LeaderEpoch.Unknown,
        validation.RecordErrors,
        validation.ErrorMessage);
}
