using System.Text;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>A batch as a replica stores it. Equal marks are equal bytes, but for what a checksum may miss.</summary>
/// <param name="Coordinator">Of a transaction's marker: the epoch of the coordinator that had it written; -1 otherwise.</param>
public readonly record struct BatchMark(
    long First, long Next, int Epoch, uint Crc, long Producer, short ProducerEpoch, int FirstSequence, int LastSequence, long Timestamp, bool IsControl, int Coordinator = -1)
{
    public override string ToString() => $"batch {First}–{Next - 1} of epoch {Epoch}, checksum {Crc:x8}{(Producer < 0 ? "" : $", producer {Producer}/{ProducerEpoch} from {FirstSequence}")}";
}

/// <summary>Reads what replicas store.</summary>
public static class StoredBatches
{
    private const int Piece = 1 << 20;

    /// <summary>The batches from an offset on, below the bound, with the values of their records where asked for.</summary>
    public static List<BatchMark> Read(PartitionLog log, long from, long below, Action<long, string>? onRecord = null)
    {
        var marks = new List<BatchMark>();
        foreach (byte[] bytes in Pieces(log, from, below))
        {
            Walk(bytes, marks, onRecord);
        }

        return marks;
    }

    /// <summary>The bytes from an offset on, below the bound, in pieces of whole batches; a piece may end in a part of the next one's first.</summary>
    public static IEnumerable<byte[]> Pieces(PartitionLog log, long from, long below)
    {
        while (from < below)
        {
            using LogSlice slice = log.Read(new Offset(from), Piece, new Offset(below), atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.IsEmpty)
            {
                yield break;
            }

            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            yield return bytes;
            long before = from;
            from = NextAfter(bytes, from);
            if (from == before)
            {
                yield break;
            }
        }
    }

    /// <summary>The first batch that a read from the offset finds; null when it finds none.</summary>
    public static BatchMark? First(PartitionLog log, long from)
    {
        using LogSlice slice = log.Read(new Offset(from), 1, log.LogEndOffset, atLeastOneBatch: true);
        if (slice.Error != ErrorCode.None || slice.IsEmpty)
        {
            return null;
        }

        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        var walk = new BatchWalk(bytes);
        return walk.MoveNext() ? MarkOf(walk.Current) : null;
    }

    public static BatchMark MarkOf(in RecordBatchHeader batch) => new(
        batch.BaseOffset.Value,
        batch.NextOffset.Value,
        batch.LeaderEpoch.Value,
        batch.Crc,
        batch.ProducerId.Value,
        batch.ProducerEpoch,
        batch.BaseSequence,
        batch.LastSequence,
        batch.MaxTimestamp,
        batch.IsControl,
        batch.IsControl && batch.ProducerId.Value >= 0 && TransactionMarker.TryRead(batch, out TransactionMarker marker) ? marker.CoordinatorEpoch : -1);

    private static long NextAfter(ReadOnlySpan<byte> bytes, long from)
    {
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            from = walk.Current.NextOffset.Value;
        }

        return from;
    }

    private static void Walk(ReadOnlySpan<byte> bytes, List<BatchMark> marks, Action<long, string>? onRecord)
    {
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            marks.Add(MarkOf(batch));
            if (onRecord is not null && !batch.IsControl)
            {
                var reader = new RecordReader(batch, batch.Payload);
                while (reader.MoveNext(out RecordView record))
                {
                    onRecord(record.Offset, Encoding.ASCII.GetString(record.Value.Span));
                }
            }
        }
    }
}
