using System.Text;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>A batch as a replica stores it. Equal marks are equal bytes, but for what a checksum may miss.</summary>
public readonly record struct BatchMark(long First, long Next, int Epoch, uint Crc);

/// <summary>Reads what replicas store.</summary>
internal static class StoredBatches
{
    private const int Piece = 1 << 20;

    /// <summary>The batches from an offset on, below the bound, with the values of their records where asked for.</summary>
    public static List<BatchMark> Read(PartitionLog log, long from, long below, Action<long, string>? onRecord = null)
    {
        var marks = new List<BatchMark>();
        while (from < below)
        {
            using LogSlice slice = log.Read(new Offset(from), Piece, new Offset(below), atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.IsEmpty)
            {
                break;
            }

            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            long before = from;
            Walk(bytes, marks, onRecord);
            from = marks.Count > 0 ? marks[^1].Next : from;
            if (from == before)
            {
                break;
            }
        }

        return marks;
    }

    public static void Walk(ReadOnlySpan<byte> bytes, List<BatchMark> marks, Action<long, string>? onRecord)
    {
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            RecordBatchHeader batch = walk.Current;
            marks.Add(new BatchMark(batch.BaseOffset.Value, batch.NextOffset.Value, batch.LeaderEpoch.Value, batch.Crc));
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
