using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Directories;

/// <content>
/// The files beside the logs that tell offsets of them. They are written now and then, and at once where what they say would be wrong: of a log
/// that goes back, and of one that was deleted when another of its name is made.
/// </content>
public sealed partial class LogDirectories
{
    /// <summary>The innermost lock: it is taken under a log's locks, and nothing takes a log's lock under it.</summary>
    private readonly Lock _checkpointGate = new();
    private readonly Dictionary<LogDirectory, Checkpoints> _written = [];
    private readonly Dictionary<LogDirectory, Dictionary<TopicPartition, Offset>> _cleanerOffsets = [];

    /// <summary>Writes where recovery has to begin, and the log starts that are not a segment's. To be called now and then.</summary>
    public void WriteCheckpoints()
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () => WriteCheckpoints(directory));
        }
    }

    /// <summary>
    /// Returns when the starts of these logs are on the disk, wherever they stand: what was deleted does not come back. One write a directory, and none
    /// where they were written before. A directory whose disk fails goes offline.
    /// </summary>
    public void KeepLogStarts(IReadOnlyCollection<PartitionLog> logs)
    {
        lock (_checkpointGate)
        {
            foreach (LogDirectory directory in All)
            {
                GuardDirectory(directory, () =>
                {
                    Dictionary<TopicPartition, Offset> written = Written(directory).LogStarts;
                    if (logs.Any(log => log.LogStart > Offset.Max(written.GetValueOrDefault(log.Partition), log.FirstSegmentBaseOffset)
                        && IsCurrent(log, out StoredPartition stored) && ReferenceEquals(stored.Directory, directory)))
                    {
                        WriteLogStarts(directory);
                    }
                });
            }
        }
    }

    /// <summary>Writes the high watermarks as the given function tells them.</summary>
    public void WriteHighWatermarks(Func<TopicPartition, Offset?> highWatermarkOf)
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                Dictionary<TopicPartition, Offset> offsets = In(directory).ToDictionary(
                    stored => stored.Log.Partition, stored => highWatermarkOf(stored.Log.Partition) ?? stored.CheckpointedHighWatermark);
                lock (_checkpointGate)
                {
                    WriteHighWatermarks(directory, offsets);
                }
            });
        }
    }

    /// <summary>Up to where compaction has been through the partition's log; zero when it never was.</summary>
    public Offset CleanerOffset(StoredPartition stored)
    {
        lock (_checkpointGate)
        {
            return CleanerOffsets(stored.Directory).GetValueOrDefault(stored.Log.Partition);
        }
    }

    /// <summary>Keeps how far compaction has come.</summary>
    public void SetCleanerOffset(StoredPartition stored, Offset cleanedTo)
    {
        lock (_checkpointGate)
        {
            CleanerOffsets(stored.Directory)[stored.Log.Partition] = cleanedTo;
            WriteCleanerOffsets(stored.Directory);
        }
    }

    /// <summary>Keeps how far a run has come that was gone through, unless the log is another by now or was cut since the run began.</summary>
    public void KeepCleanerOffset(StoredPartition stored, LogCompaction ended)
    {
        lock (_checkpointGate)
        {
            if (ended.CleanedTo > ended.Range.FirstDirty && !ended.IsOvertaken && IsCurrent(stored.Log, out StoredPartition current))
            {
                SetCleanerOffset(current, ended.CleanedTo);
            }
        }
    }

    private Checkpoints ReadCheckpoints(LogDirectory directory)
    {
        var read = new Checkpoints(
            directory.ReadCheckpoint(OffsetCheckpoint.RecoveryPoints, _surroundings.Events),
            directory.ReadCheckpoint(OffsetCheckpoint.LogStarts, _surroundings.Events),
            directory.ReadCheckpoint(OffsetCheckpoint.HighWatermarks, _surroundings.Events),
            directory.ReadCheckpoint(OffsetCheckpoint.CleanerOffsets, _surroundings.Events));
        lock (_checkpointGate)
        {
            _written[directory] = read;
        }

        return read;
    }

    private void WriteCheckpoints(LogDirectory directory)
    {
        lock (_checkpointGate)
        {
            Dictionary<TopicPartition, Offset> recoveryPoints = In(directory).ToDictionary(stored => stored.Log.Partition, stored => stored.Log.RecoveryPoint);
            directory.WriteCheckpoint(OffsetCheckpoint.RecoveryPoints, recoveryPoints);
            _written[directory] = Written(directory) with { RecoveryPoints = recoveryPoints };
            WriteLogStarts(directory);
        }
    }

    private void WriteLogStarts(LogDirectory directory)
    {
        Checkpoints written = Written(directory);
        var logStarts = new Dictionary<TopicPartition, Offset>();
        foreach (StoredPartition stored in In(directory).Concat(Futures.Where(copy => ReferenceEquals(copy.Directory, directory))))
        {
            // What was once told goes on being told when the segments before it are gone: a loss of power may bring them back.
            if (stored.Log.LogStart > stored.Log.FirstSegmentBaseOffset
                || (stored.Log.LogStart > Offset.Zero && written.LogStarts.ContainsKey(stored.Log.Partition)))
            {
                logStarts.TryAdd(stored.Log.Partition, stored.Log.LogStart);
            }
        }

        directory.WriteCheckpoint(OffsetCheckpoint.LogStarts, logStarts);
        _written[directory] = written with { LogStarts = logStarts };
    }

    private void WriteHighWatermarks(LogDirectory directory, Dictionary<TopicPartition, Offset> offsets)
    {
        directory.WriteCheckpoint(OffsetCheckpoint.HighWatermarks, offsets);
        _written[directory] = Written(directory) with { HighWatermarks = offsets };
    }

    private void WriteCleanerOffsets(LogDirectory directory) =>
        GuardDirectory(directory, () => directory.WriteCheckpoint(OffsetCheckpoint.CleanerOffsets, CleanerOffsets(directory)));

    /// <summary>The log is about to be cut at the offset: nothing that is written may tell of more.</summary>
    private void TakeBack(PartitionLog log, Offset to)
    {
        lock (_checkpointGate)
        {
            // Of a copy on its way only the start is written, and a crash before its last step leaves it to what it is a copy of.
            if (!IsCurrent(log, out StoredPartition stored))
            {
                return;
            }

            LogDirectory directory = stored.Directory;
            Checkpoints written = Written(directory);
            GuardDirectory(directory, () =>
            {
                if (written.RecoveryPoints.GetValueOrDefault(log.Partition) > to || written.LogStarts.GetValueOrDefault(log.Partition) > to)
                {
                    WriteCheckpoints(directory);
                }

                if (written.HighWatermarks.GetValueOrDefault(log.Partition) > to)
                {
                    WriteHighWatermarks(directory, new(written.HighWatermarks) { [log.Partition] = to });
                }
            });
            if (CleanerOffsets(directory).GetValueOrDefault(log.Partition) > to)
            {
                SetCleanerOffset(stored, to);
            }
        }
    }

    /// <summary>
    /// All logs of the directory are loaded: where recovery found less than is written of a log, what will be appended next would be taken for what was
    /// there. Whoever crashes before this is done finds the same again, for nothing is appended yet.
    /// </summary>
    private void TakeBackRecovered(LogDirectory directory)
    {
        lock (_checkpointGate)
        {
            Checkpoints written = Written(directory);
            Dictionary<TopicPartition, Offset> cleaned = CleanerOffsets(directory);
            StoredPartition[] loaded = [.. In(directory)];
            if (loaded.Any(stored => TellsOfMore(written.RecoveryPoints, stored.Log)))
            {
                WriteCheckpoints(directory);
            }

            if (loaded.Any(stored => TellsOfMore(written.HighWatermarks, stored.Log)))
            {
                WriteHighWatermarks(directory, loaded.ToDictionary(stored => stored.Log.Partition, stored => stored.CheckpointedHighWatermark));
            }

            StoredPartition[] overstated = [.. loaded.Where(stored => TellsOfMore(cleaned, stored.Log))];
            foreach (StoredPartition stored in overstated)
            {
                cleaned[stored.Log.Partition] = stored.Log.LogEndOffset;
            }

            if (overstated.Length > 0)
            {
                WriteCleanerOffsets(directory);
            }
        }

        static bool TellsOfMore(Dictionary<TopicPartition, Offset> offsets, PartitionLog log) => offsets.GetValueOrDefault(log.Partition) > log.LogEndOffset;
    }

    /// <summary>An entry among the cleaner's offsets is what tells the next start that offsets may be missing.</summary>
    private void ExpectGaps(PartitionLog log)
    {
        lock (_checkpointGate)
        {
            if (IsCurrent(log, out StoredPartition stored) && !CleanerOffsets(stored.Directory).ContainsKey(log.Partition))
            {
                SetCleanerOffset(stored, Offset.Zero);
            }
        }
    }

    /// <summary>Before a log is made: what is written of an earlier one of the same name is not true of this one.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    private void ForgetWritten(TopicPartition partition, LogDirectory directory)
    {
        lock (_checkpointGate)
        {
            Checkpoints written = Written(directory);
            if (written.RecoveryPoints.GetValueOrDefault(partition) > Offset.Zero || written.LogStarts.ContainsKey(partition))
            {
                WriteCheckpoints(directory);
            }

            if (written.HighWatermarks.GetValueOrDefault(partition) > Offset.Zero)
            {
                // With all others that are gone, for they often come again together.
                WriteHighWatermarks(directory, In(directory)
                    .Where(stored => written.HighWatermarks.ContainsKey(stored.Log.Partition))
                    .ToDictionary(stored => stored.Log.Partition, stored => written.HighWatermarks[stored.Log.Partition]));
            }

            if (CleanerOffsets(directory).Remove(partition))
            {
                WriteCleanerOffsets(directory);
            }
        }
    }

    /// <summary>
    /// A copy takes the place of a log: how far that was compacted, and that offsets may be missing, is true of the copy too, and where it begins has to
    /// be known to whoever finds the copy alone.
    /// </summary>
    private void CarryWritten(TopicPartition partition, LogDirectory to)
    {
        lock (_checkpointGate)
        {
            GuardDirectory(to, () => WriteLogStarts(to));
            if (_partitions.TryGetValue(partition, out StoredPartition? from) && CleanerOffsets(from.Directory).TryGetValue(partition, out Offset offset))
            {
                CleanerOffsets(to)[partition] = offset;
                WriteCleanerOffsets(to);
            }
        }
    }

    private bool IsCurrent(PartitionLog log, out StoredPartition stored) => TryGet(log.Partition, out stored) && ReferenceEquals(stored.Log, log);

    private Checkpoints Written(LogDirectory directory) =>
        _written.TryGetValue(directory, out Checkpoints? written) ? written : _written[directory] = ReadCheckpoints(directory);

    private Dictionary<TopicPartition, Offset> CleanerOffsets(LogDirectory directory)
    {
        if (!_cleanerOffsets.TryGetValue(directory, out Dictionary<TopicPartition, Offset>? offsets))
        {
            offsets = [];
            GuardDirectory(directory, () => offsets = directory.ReadCheckpoint(OffsetCheckpoint.CleanerOffsets, _surroundings.Events));
            _cleanerOffsets[directory] = offsets;
        }

        return offsets;
    }

    private IEnumerable<StoredPartition> In(LogDirectory directory) =>
        Partitions.Where(stored => ReferenceEquals(stored.Directory, directory));

    private sealed record Checkpoints(
        Dictionary<TopicPartition, Offset> RecoveryPoints,
        Dictionary<TopicPartition, Offset> LogStarts,
        Dictionary<TopicPartition, Offset> HighWatermarks,
        Dictionary<TopicPartition, Offset> Cleaned);
}
