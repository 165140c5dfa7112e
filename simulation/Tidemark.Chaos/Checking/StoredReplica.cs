using System.Text;
using Tidemark.Records;
using Tidemark.Simulator.Checking;

namespace Tidemark.Chaos.Checking;

/// <summary>A stopped node's replica of a partition, read from its files: every batch, and on request every record.</summary>
internal sealed class StoredReplica
{
    private StoredReplica(long highWatermark, List<BatchMark> batches, List<string> values) => (HighWatermark, Batches, Values) = (highWatermark, batches, values);

    public long HighWatermark { get; }

    public IReadOnlyList<BatchMark> Batches { get; }

    /// <summary>The values of all records, the first at the log's start; empty unless asked for.</summary>
    public IReadOnlyList<string> Values { get; }

    public long Start => Batches.Count == 0 ? 0 : Batches[0].First;

    public long End => Batches.Count == 0 ? 0 : Batches[^1].Next;

    /// <exception cref="BrokenRuleException">It is not there, or holds what no node should have written.</exception>
    public static StoredReplica Read(int node, IReadOnlyList<string> logDirectories, string topic, int partition, bool withValues)
    {
        string name = $"{topic}-{partition} on node {node}";
        string log = LogFiles.DirectoryOf(logDirectories, topic, partition) ?? throw new BrokenRuleException("2 replicas are identical", $"{name} is not there");
        var batches = new List<BatchMark>();
        var values = new List<string>();
        foreach (string segment in LogFiles.SegmentsOf(log))
        {
            byte[] bytes = File.ReadAllBytes(segment);
            var walk = new BatchWalk(bytes);
            while (walk.MoveNext())
            {
                RecordBatchHeader batch = walk.Current;
                long expected = batches.Count == 0 ? batch.BaseOffset.Value : batches[^1].Next;
                if (batch.BaseOffset.Value != expected || !batch.CrcIsValid())
                {
                    throw new BrokenRuleException("5 a log is whole", $"{name}: {Path.GetFileName(segment)} has batch {batch.BaseOffset} where {expected} is due{(batch.CrcIsValid() ? "" : ", with a wrong checksum")}");
                }

                batches.Add(StoredBatches.MarkOf(batch));
                if (withValues)
                {
                    ReadValues(batch, values);
                }
            }

            if (walk.Fault != BatchFault.None)
            {
                throw new BrokenRuleException("5 a log is whole", $"{name}: {Path.GetFileName(segment)}: {walk.Describe()}");
            }
        }

        return new StoredReplica(LogFiles.HighWatermarkOf(logDirectories, topic, partition), batches, values);
    }

    private static void ReadValues(RecordBatchHeader batch, List<string> values)
    {
        var reader = new RecordReader(batch, batch.Payload);
        while (reader.MoveNext(out RecordView record))
        {
            values.Add(Encoding.ASCII.GetString(record.Value.Span));
        }
    }
}
