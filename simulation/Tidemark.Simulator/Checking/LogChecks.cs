using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Whether what a log knows agrees with what stands in it: offsets, epochs, producers, indexes. What it knows after a start or a cut must be
/// what replaying the batches gives.
/// </summary>
internal static class LogChecks
{
    /// <summary>Invariant 5, and 9 for producers.</summary>
    public static void Look(string name, Partition replica, ReplicaScan scan)
    {
        PartitionLog log = scan.Log;
        Offset highWatermark = replica.HighWatermark;
        Offset stable = log.LastStableOffset(highWatermark);
        if (!(log.LogStart <= stable && stable <= highWatermark && highWatermark <= log.LogEndOffset))
        {
            throw new BrokenRuleException("5 start <= stable <= high watermark <= end", $"{name}: {log.LogStart}, {stable}, {highWatermark}, {log.LogEndOffset}");
        }

        LookAtEpochs(name, replica, log);
        LookAtProducers(name, scan);
    }

    /// <summary>Invariants 5 and 9, batch by batch: the epochs and the indexes against the batches themselves.</summary>
    public static void LookClosely(string name, ReplicaScan scan)
    {
        PartitionLog log = scan.Log;
        long newest = long.MinValue;
        foreach (BatchMark mark in scan.Marks)
        {
            if (log.Epochs.EpochAt(new Offset(mark.First)).Value != mark.Epoch)
            {
                throw new BrokenRuleException("5 the epochs agree with the batches", $"{name}: {mark}, for which epoch {log.Epochs.EpochAt(new Offset(mark.First))} is noted");
            }

            if (StoredBatches.First(log, mark.First) is var found && found != mark)
            {
                throw new BrokenRuleException("9 indexes = scan", $"{name}: a read from {mark.First} finds {found} and not {mark}");
            }

            if (mark.Timestamp > newest)
            {
                newest = mark.Timestamp;
                Offset? first = log.OffsetForTimestamp(newest)?.Offset;
                if (first is null || first.Value.Value < mark.First || first.Value.Value >= mark.Next)
                {
                    throw new BrokenRuleException("9 indexes = scan", $"{name}: the first record of time {newest} is said to stand at {first}, and {mark} is the first");
                }
            }
        }
    }

    private static void LookAtEpochs(string name, Partition replica, PartitionLog log)
    {
        EpochStart? before = null;
        foreach (EpochStart entry in log.Epochs.Entries)
        {
            if (before is { } last && (entry.Epoch <= last.Epoch || entry.Start <= last.Start))
            {
                throw new BrokenRuleException("5 epochs rise", $"{name}: {last} is followed by {entry}");
            }

            if (entry.Start > log.LogEndOffset)
            {
                throw new BrokenRuleException("5 the epochs agree with the batches", $"{name}: {entry} lies behind the end {log.LogEndOffset}");
            }

            before = entry;
        }

        if (replica.LeaderEpoch != LeaderEpoch.Unknown && log.Epochs.Latest != replica.LeaderEpoch)
        {
            throw new BrokenRuleException("5 a leader notes its epoch", $"{name}: leads in epoch {replica.LeaderEpoch}, and {log.Epochs.Latest} is the last that is noted");
        }
    }

    private static void LookAtProducers(string name, ReplicaScan scan)
    {
        IReadOnlyList<ProducerDescription> known = scan.Log.DescribeProducers();
        int found = 0;
        foreach (ProducerDescription producer in known)
        {
            if (scan.Producers.TryGetValue(producer.ProducerId, out (short Epoch, int Sequence, int Coordinator) written))
            {
                found++;

                // The marker that an earlier coordinator epoch is known from may have been deleted.
                if (written != (producer.Epoch, producer.LastSequence, scan.IsWhole || written.Coordinator >= 0 ? producer.CoordinatorEpoch : -1))
                {
                    throw new BrokenRuleException(
                        "9 producer state = replay",
                        $"{name}: producer {producer.ProducerId} is known by epoch {producer.Epoch}, sequence {producer.LastSequence}, coordinator epoch {producer.CoordinatorEpoch}; its last batches have {written}");
                }
            }
            else if (scan.IsWhole)
            {
                throw new BrokenRuleException("9 producer state = replay", $"{name}: producer {producer.ProducerId} is known and has no batch");
            }
        }

        if (found < scan.Producers.Count)
        {
            throw new BrokenRuleException("9 producer state = replay", $"{name}: {scan.Producers.Count} producers have batches, {found} of them are known");
        }
    }
}
