using System.Text;
using Tidemark.Records;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Whether the sinks hold what exactly-once promises: every record of the source below the group's committed offset once, no other, and
/// readers with read_committed saw nothing else, in order and without gaps.
/// </summary>
public sealed class CopyCheck(Func<bool> mayLose)
{
    private readonly Dictionary<PartitionId, List<(long From, List<(long Offset, string Value)> Values, string By)>> _reads = [];

    /// <summary>A reader was given these records for what follows an offset.</summary>
    public void Read(PartitionId sink, long from, List<(long Offset, string Value)> values, string by)
    {
        if (!_reads.TryGetValue(sink, out var reads))
        {
            _reads[sink] = reads = [];
        }

        reads.Add((from, values, by));
    }

    /// <summary>Compares, once all is at rest.</summary>
    /// <param name="source">The records of the source's partitions.</param>
    /// <param name="committed">Up to where the group has committed each partition of the source.</param>
    /// <param name="sinks">The logs of the sink's partitions at their leaders.</param>
    public void Compare(string group, IReadOnlyList<IReadOnlyList<string>> source, Func<int, long> committed, IReadOnlyList<(PartitionId Id, PartitionLog Log)> sinks)
    {
        var copies = new Dictionary<string, string>();
        foreach ((PartitionId id, PartitionLog log) in sinks)
        {
            SortedDictionary<long, string> settled = Settled(log);
            foreach ((long offset, string copy) in settled)
            {
                if (!copies.TryAdd(copy, $"{id}@{offset}"))
                {
                    Broken("12 exactly once", $"{copy} stands at {copies[copy]} and at {id}@{offset}");
                }
            }

            foreach ((long from, List<(long Offset, string Value)> values, string by) in _reads.GetValueOrDefault(id) ?? [])
            {
                LookAtRead(id, settled, from, values, by);
            }
        }

        for (int partition = 0; partition < source.Count; partition++)
        {
            long end = committed(partition);
            for (int offset = 0; offset < source[partition].Count && offset < end; offset++)
            {
                if (!copies.Remove(CopyTopics.Copy(partition, offset, source[partition][offset])))
                {
                    Broken("12 a transaction is seen as a whole", $"{group} has committed {end} for partition {partition}, and {source[partition][offset]} at {offset} was not copied");
                }
            }
        }

        if (copies.Count > 0)
        {
            Broken("12 a transaction is seen as a whole", $"{group}: {copies.First().Key} at {copies.First().Value} is a copy of what the group has not committed, or of nothing");
        }
    }

    /// <summary>The records of committed transactions by their offsets.</summary>
    private static SortedDictionary<long, string> Settled(PartitionLog log)
    {
        var settled = new SortedDictionary<long, string>();
        var open = new Dictionary<long, List<(long Offset, string Value)>>();
        foreach (byte[] bytes in StoredBatches.Pieces(log, log.LogStart.Value, log.LogEndOffset.Value))
        {
            var walk = new BatchWalk(bytes);
            while (walk.MoveNext())
            {
                RecordBatchHeader batch = walk.Current;
                long producer = batch.ProducerId.Value;
                if (!open.TryGetValue(producer, out List<(long Offset, string Value)>? records))
                {
                    open[producer] = records = [];
                }

                if (batch.IsControl)
                {
                    if (TransactionMarker.TryRead(batch, out TransactionMarker marker) && !marker.Aborts)
                    {
                        records.ForEach(each => settled.Add(each.Offset, each.Value));
                    }

                    records.Clear();
                    continue;
                }

                var reader = new RecordReader(batch, batch.Payload);
                while (reader.MoveNext(out RecordView record))
                {
                    records.Add((record.Offset, Encoding.ASCII.GetString(record.Value.Span)));
                }
            }
        }

        return settled;
    }

    private void LookAtRead(PartitionId id, SortedDictionary<long, string> settled, long from, List<(long Offset, string Value)> values, string by)
    {
        foreach ((long offset, string value) in values)
        {
            if (!settled.TryGetValue(offset, out string? stands) || stands != value)
            {
                Broken("12 nothing failed or aborted is read", $"{by} was given {value} at {id}@{offset}, where {stands ?? "nothing that is committed"} stands");
            }
        }

        if (values.Count > 0)
        {
            long last = values[^1].Offset;
            string[] missed = [.. settled.Where(each => each.Key >= from && each.Key <= last).Select(each => each.Value).Except(values.Select(each => each.Value))];
            if (missed.Length > 0)
            {
                Broken("15 no gaps", $"{by} was given {id} from {from} to {last} without {missed[0]}");
            }
        }
    }

    private void Broken(string rule, string what)
    {
        if (!mayLose())
        {
            throw new BrokenRuleException(rule, what);
        }
    }
}
