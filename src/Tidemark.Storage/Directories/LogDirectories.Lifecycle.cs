using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Directories;

public sealed partial class LogDirectories
{
    private readonly Dictionary<LogDirectory, Dictionary<TopicPartition, Offset>> _cleanerOffsets = [];
    private int _unloaded;

    /// <summary>
    /// Looks what there is to load. Each piece of work opens one partition's log and may run beside the others, on as many threads as the
    /// caller likes; all must have run before the logs are used. A directory that fails goes offline and the rest of its work does nothing.
    /// </summary>
    /// <param name="optionsOf">The partition's options, by its name and the topic id on the disk; defaults where the metadata knows no such topic.</param>
    public IReadOnlyList<Action> BeginLoading(Func<TopicPartition, Uuid, LogOptions> optionsOf)
    {
        var work = new List<Action>();
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                directory.BeginLoading();
                var checkpoints = new Checkpoints(
                    directory.ReadCheckpoint(OffsetCheckpoint.RecoveryPoints, _surroundings.Events),
                    directory.ReadCheckpoint(OffsetCheckpoint.LogStarts, _surroundings.Events),
                    directory.ReadCheckpoint(OffsetCheckpoint.HighWatermarks, _surroundings.Events));
                foreach (Files.DiskEntry entry in _surroundings.Disk.List(directory.Path))
                {
                    if (!entry.IsDirectory || entry.Name == LogDirectory.MetadataDirectoryName
                        || !PartitionDirectoryName.TryParse(entry.Name, out TopicPartition partition, out PartitionDirectoryKind kind))
                    {
                        continue;
                    }

                    string path = Path.Combine(directory.Path, entry.Name);
                    switch (kind)
                    {
                        case PartitionDirectoryKind.Deleted:
                            _deletions.Add((path, _surroundings.NowMs + FileDeleteDelayMs));
                            break;
                        case PartitionDirectoryKind.Current or PartitionDirectoryKind.Future:
                            Interlocked.Increment(ref _unloaded);
                            work.Add(() => GuardDirectory(directory, () =>
                            {
                                Load(directory, path, partition, kind, checkpoints, optionsOf);
                                Interlocked.Decrement(ref _unloaded);
                            }));
                            break;
                    }
                }
            });
        }

        return work;
    }

    /// <summary>Writes where recovery has to begin, and the log starts that are not a segment's. To be called now and then, and after truncations.</summary>
    public void WriteCheckpoints()
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () => WriteCheckpoints(directory));
        }
    }

    /// <summary>Writes the high watermarks as the given function tells them.</summary>
    public void WriteHighWatermarks(Func<TopicPartition, Offset?> highWatermarkOf)
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                var offsets = new List<KeyValuePair<TopicPartition, Offset>>();
                foreach (StoredPartition stored in In(directory))
                {
                    Offset offset = highWatermarkOf(stored.Log.Partition) ?? stored.CheckpointedHighWatermark;
                    offsets.Add(new KeyValuePair<TopicPartition, Offset>(stored.Log.Partition, offset));
                }

                directory.WriteCheckpoint(OffsetCheckpoint.HighWatermarks, offsets);
            });
        }
    }

    /// <summary>Up to where compaction has been through the partition's log; zero when it never was.</summary>
    public Offset CleanerOffset(StoredPartition stored)
    {
        lock (_gate)
        {
            return CleanerOffsets(stored.Directory).GetValueOrDefault(stored.Log.Partition);
        }
    }

    /// <summary>Keeps how far compaction has come, or forgets it with null.</summary>
    public void SetCleanerOffset(StoredPartition stored, Offset? cleanedTo)
    {
        lock (_gate)
        {
            GuardDirectory(stored.Directory, () =>
            {
                Dictionary<TopicPartition, Offset> offsets = CleanerOffsets(stored.Directory);
                if (cleanedTo is { } offset)
                {
                    offsets[stored.Log.Partition] = offset;
                }
                else
                {
                    offsets.Remove(stored.Log.Partition);
                }

                stored.Directory.WriteCheckpoint(OffsetCheckpoint.CleanerOffsets, offsets);
            });
        }
    }

    /// <summary>
    /// Stops in good order. The pieces of work close one log each and may run at once; <see cref="FinishClosing"/> follows when all have run.
    /// </summary>
    public IReadOnlyList<Action> BeginClosing() =>
    [
        .. Partitions.Concat(Futures).Select(stored => (Action)(() => GuardDirectory(stored.Directory, stored.Log.Close))),
    ];

    /// <summary>
    /// Writes the checkpoints and, where every log was loaded and closed in order, the sign of it, and lets the directories go. A stop in the
    /// middle of loading leaves everything as it was found, but for the sign.
    /// </summary>
    public void FinishClosing(long brokerEpoch)
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                if (Volatile.Read(ref _unloaded) == 0)
                {
                    WriteCheckpoints(directory);
                    directory.MarkClean(brokerEpoch);
                }
            });
            directory.Dispose();
        }
    }

    private void WriteCheckpoints(LogDirectory directory)
    {
        var recoveryPoints = new List<KeyValuePair<TopicPartition, Offset>>();
        var logStarts = new List<KeyValuePair<TopicPartition, Offset>>();
        foreach (StoredPartition stored in In(directory))
        {
            recoveryPoints.Add(new KeyValuePair<TopicPartition, Offset>(stored.Log.Partition, stored.Log.RecoveryPoint));
            if (stored.Log.LogStart > stored.Log.FirstSegmentBaseOffset)
            {
                logStarts.Add(new KeyValuePair<TopicPartition, Offset>(stored.Log.Partition, stored.Log.LogStart));
            }
        }

        directory.WriteCheckpoint(OffsetCheckpoint.RecoveryPoints, recoveryPoints);
        directory.WriteCheckpoint(OffsetCheckpoint.LogStarts, logStarts);
    }

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

    private void Load(
        LogDirectory directory,
        string path,
        TopicPartition partition,
        PartitionDirectoryKind kind,
        Checkpoints checkpoints,
        Func<TopicPartition, Uuid, LogOptions> optionsOf)
    {
        Uuid topicId = PartitionMetadataFile.Read(_surroundings.Disk, path);
        bool current = kind == PartitionDirectoryKind.Current;
        PartitionLog log = PartitionLog.Open(
            _surroundings,
            path,
            partition,
            optionsOf(partition, topicId),
            current ? checkpoints.RecoveryPoints.GetValueOrDefault(partition) : Offset.Zero,
            current ? checkpoints.LogStarts.GetValueOrDefault(partition) : Offset.Zero,
            directory.CleanShutdownEpoch is not null);
        var stored = new StoredPartition(log, directory)
        {
            TopicId = topicId,
            CheckpointedHighWatermark = checkpoints.HighWatermarks.GetValueOrDefault(partition),
        };
        if (!(current ? _partitions : _futures).TryAdd(partition, stored))
        {
            // The same partition in two directories: one of them was being moved. The first stays, the other is not touched.
            _surroundings.Events.Repaired(path, $"{partition} is in another log directory too; this copy is not loaded");
            log.Abandon();
        }
    }

    private sealed record Checkpoints(
        Dictionary<TopicPartition, Offset> RecoveryPoints,
        Dictionary<TopicPartition, Offset> LogStarts,
        Dictionary<TopicPartition, Offset> HighWatermarks);
}
