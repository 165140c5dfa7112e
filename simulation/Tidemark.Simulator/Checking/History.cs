using Tidemark.Primitives;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// All that clients were told, and whether the cluster may have said it: each offset has one value for ever; what was acknowledged is
/// read; writes and reads stand in the order of real time; what was refused never appears.
/// </summary>
/// <param name="losses">Where acknowledged records may be lost, and other records take their offsets; null for nowhere.</param>
public sealed class History(PermittedLosses? losses)
{
    private readonly Dictionary<PartitionId, PartitionHistory> _partitions = [];
    private readonly HashSet<string> _refused = [];
    private readonly List<WriteAttempt> _writes = [];

    public IReadOnlyList<WriteAttempt> Writes => _writes;

    /// <summary>The end of all that was acknowledged by all or read: no later answer of a leader may lie below.</summary>
    public long Floor(PartitionId partition) => Of(partition).Floor;

    public WriteAttempt Begin(string producer, PartitionId partition, IReadOnlyList<string> values, short acks, bool isIdempotent)
    {
        var write = new WriteAttempt(producer, partition, values, acks, isIdempotent, Of(partition).AcknowledgedEnd);
        _writes.Add(write);
        return write;
    }

    /// <summary>The leader said that the batch stands at the offset.</summary>
    public void Acknowledged(WriteAttempt write, long offset)
    {
        if (write.Acks != -1)
        {
            // The leader alone had it: it may be lost with the leader.
            write.MayStand = true;
            return;
        }

        if (MayLose(write.Partition))
        {
            write.MayStand = true;
            return;
        }

        if (offset < write.FloorAtSend)
        {
            Broken(write.Partition, "14 real-time order of writes", $"{write.Partition}: {write.Values[0]} came to stand at {offset}, sent when all below {write.FloorAtSend} was acknowledged");
        }

        if (write.Offset is { } before && before != offset)
        {
            Broken(write.Partition, "13 a duplicate is answered as the first time", $"{write.Partition}: {write.Values[0]} stood at {before} and is said to stand at {offset}");
        }

        write.Offset = offset;
        PartitionHistory partition = Of(write.Partition);
        for (int i = 0; i < write.Values.Count; i++)
        {
            See(write.Partition, partition, offset + i, write.Values[i], "acknowledged");
        }

        partition.AcknowledgedEnd = Math.Max(partition.AcknowledgedEnd, offset + write.Values.Count);
        partition.Floor = Math.Max(partition.Floor, partition.AcknowledgedEnd);
    }

    /// <summary>The leader refused the batch before it wrote anything.</summary>
    public void Refused(WriteAttempt write)
    {
        if (!write.MayStand)
        {
            _refused.UnionWith(write.Values);
        }
    }

    /// <summary>A committed record was seen, by a consumer or below a leader's high watermark.</summary>
    public void Seen(PartitionId at, long offset, string value, string by)
    {
        if (_refused.Contains(value))
        {
            throw new BrokenRuleException("17 a refused record never appears", $"{at}@{offset} holds {value}, seen by {by}");
        }

        if (!MayLose(at))
        {
            PartitionHistory partition = Of(at);
            See(at, partition, offset, value, by);
            partition.Floor = Math.Max(partition.Floor, offset + 1);
        }
    }

    /// <summary>Whether records of the partition may be gone.</summary>
    public bool MayLose(PartitionId partition) => losses?.MayLose(partition) ?? false;

    /// <summary>A rule is broken, unless what happened meanwhile permits it.</summary>
    public void Broken(PartitionId at, string rule, string what)
    {
        if (losses?.MayLoseByNow(at) != true)
        {
            throw new BrokenRuleException(rule, what);
        }
    }

    /// <summary>
    /// A leader told the end of a partition, asked when <paramref name="floor"/> was the floor. What anybody was told before the question
    /// was asked binds the answer: that is what makes reads at the leader linearizable, with each client's own writes and reads among it.
    /// </summary>
    public void ToldEnd(PartitionId at, long end, long floor, string by)
    {
        if (MayLose(at))
        {
            return;
        }

        PartitionHistory partition = Of(at);
        if (end < partition.ToldTo.GetValueOrDefault(by))
        {
            Broken(at, "14 reads at the leader are monotonic", $"{at}: {by} was told the end {end}, and {partition.ToldTo[by]} before");
        }

        if (end < floor)
        {
            Broken(at, "14 reads at the leader are linearizable", $"{at}: {by} was told the end {end} when {floor} was known before it asked");
        }

        partition.ToldTo[by] = end;
        partition.Floor = Math.Max(partition.Floor, end);
    }

    /// <summary>A leader told its high watermark with what it gave: all below is committed.</summary>
    public void ToldHighWatermark(PartitionId at, long highWatermark)
    {
        if (!MayLose(at))
        {
            PartitionHistory partition = Of(at);
            partition.Floor = Math.Max(partition.Floor, highWatermark);
        }
    }

    /// <summary>The whole of a partition as its leader holds it in the end.</summary>
    public void Final(PartitionId at, long logStart, IReadOnlyList<string> values)
    {
        var places = new Dictionary<string, long>();
        for (int i = 0; i < values.Count; i++)
        {
            long offset = logStart + i;
            Seen(at, offset, values[i], "the final reading");
            if (!places.TryAdd(values[i], offset))
            {
                throw new BrokenRuleException("13 no duplicates", $"{at}: {values[i]} stands at {places[values[i]]} and at {offset}");
            }
        }

        long end = logStart + values.Count;
        if (!MayLose(at) && end < Of(at).Floor)
        {
            Broken(at, "11 what was acknowledged or read stays", $"{at} ends at {end} in the end; {Of(at).Floor} was known");
        }

        var lastOf = new Dictionary<string, long>();
        foreach (WriteAttempt write in _writes.Where(write => write.Partition == at))
        {
            for (int i = 0; i < write.Values.Count; i++)
            {
                bool stands = places.TryGetValue(write.Values[i], out long place);
                if (write.Offset is { } offset && !MayLose(at) && (!stands || place != offset + i))
                {
                    Broken(at, "11 what was acknowledged stays", $"{at}@{offset + i}: {write.Values[i]} was acknowledged and {(stands ? $"stands at {place}" : "is gone")}");
                }

                if (write.IsIdempotent && stands)
                {
                    if (lastOf.TryGetValue(write.Producer, out long before) && place < before)
                    {
                        throw new BrokenRuleException("13 send order is offset order", $"{at}: {write.Values[i]} stands at {place}, a record sent before it at {before}");
                    }

                    lastOf[write.Producer] = place;
                }
            }
        }
    }

    private void See(PartitionId at, PartitionHistory partition, long offset, string value, string by)
    {
        if (!partition.Values.TryAdd(offset, value) && partition.Values[offset] != value)
        {
            Broken(at, "11 an offset has one value for ever", $"{at}@{offset} was {partition.Values[offset]} and is {value}, {by}");
        }
    }

    private PartitionHistory Of(PartitionId partition)
    {
        if (!_partitions.TryGetValue(partition, out PartitionHistory? history))
        {
            _partitions[partition] = history = new PartitionHistory();
        }

        return history;
    }

    private sealed class PartitionHistory
    {
        public Dictionary<long, string> Values { get; } = [];

        /// <summary>The newest end that each client was told.</summary>
        public Dictionary<string, long> ToldTo { get; } = [];

        public long AcknowledgedEnd { get; set; }

        public long Floor { get; set; }
    }
}
