namespace Tidemark.Records;

/// <summary>The end of a transaction as a control batch tells it (KIP-98): aborted or committed, and in which epoch of its coordinator.</summary>
public readonly record struct TransactionMarker(bool Aborts, int CoordinatorEpoch)
{
    /// <summary>
    /// Reads the one record of a control batch, of which the view must hold all. False when it is of another kind, damaged, or was
    /// compacted away. Control batches are short and never compressed.
    /// </summary>
    public static bool TryRead(RecordBatchHeader batch, out TransactionMarker marker)
    {
        marker = default;
        if (!batch.IsControl || batch.Codec != CompressionCodec.None)
        {
            return false;
        }

        var reader = new RecordReader(batch, batch.Payload);
        if (!reader.MoveNext(out RecordView record)
            || !ControlRecord.TryReadType(record.Key, out ControlRecordType type)
            || type is not (ControlRecordType.Abort or ControlRecordType.Commit)
            || !ControlRecord.TryReadMarker(record.Value, out int epoch))
        {
            return false;
        }

        marker = new TransactionMarker(type == ControlRecordType.Abort, epoch);
        return true;
    }
}
