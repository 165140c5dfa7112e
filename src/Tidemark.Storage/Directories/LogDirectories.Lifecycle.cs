using System.Collections.Concurrent;
using Tidemark.Primitives;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Directories;

public sealed partial class LogDirectories
{
    /// <summary>
    /// The epoch in which the broker last stopped, when all directories prove that they were stopped in order in that same life; null otherwise. A
    /// directory that was offline then still has the proof of an earlier life, and lacks what the others have.
    /// </summary>
    public long? CleanShutdownEpoch => All.All(each => !each.IsOffline && each.CleanShutdownEpoch == All[0].CleanShutdownEpoch) ? All[0].CleanShutdownEpoch : null;

    /// <summary>
    /// Looks what there is to load. Each piece of work opens one partition's log and may run beside the others, on as many threads as the
    /// caller likes; all must have run before the logs are used. A directory that fails goes offline and the rest of its work does nothing.
    /// </summary>
    /// <param name="optionsOf">The partition's options, by its name and the topic id on the disk; defaults where the metadata knows no such topic.</param>
    /// <param name="isKnown">Whether the metadata knows the topic by this id: tells which log stays when two directories hold topics of the same name.</param>
    public IReadOnlyList<Action> BeginLoading(Func<TopicPartition, Uuid, LogOptions> optionsOf, Func<TopicPartition, Uuid, bool>? isKnown = null)
    {
        var work = new List<Action>();
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                directory.BeginLoading();
                Checkpoints checkpoints = ReadCheckpoints(directory);
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
                            directory.Found();
                            work.Add(() => GuardDirectory(directory, () =>
                            {
                                Add(Load(directory, path, partition, kind, checkpoints, optionsOf), kind, isKnown);
                                if (directory.Loaded())
                                {
                                    TakeBackRecovered(directory);
                                }
                            }));
                            break;
                    }
                }
            });
        }

        return work;
    }

    /// <summary>
    /// Stops in good order. The pieces of work close one log each and may run at once; <see cref="FinishClosing"/> follows when all have run.
    /// </summary>
    public IReadOnlyList<Action> BeginClosing() =>
    [
        .. Partitions.Concat(Futures).Select(stored => (Action)(() => GuardDirectory(stored.Directory, stored.Log.Close))),
    ];

    /// <summary>
    /// Writes the checkpoints and, where every log of the directory was loaded and closed in order, the sign of it, and lets the directories go. A
    /// stop in the middle of loading leaves everything as it was found, but for the sign.
    /// </summary>
    public void FinishClosing(long brokerEpoch)
    {
        foreach (LogDirectory directory in All)
        {
            GuardDirectory(directory, () =>
            {
                if (directory.IsLoaded)
                {
                    WriteCheckpoints(directory);
                    directory.MarkClean(brokerEpoch);
                }
            });
            directory.Dispose();
        }
    }

    private StoredPartition Load(
        LogDirectory directory,
        string path,
        TopicPartition partition,
        PartitionDirectoryKind kind,
        Checkpoints checkpoints,
        Func<TopicPartition, Uuid, LogOptions> optionsOf)
    {
        Uuid topicId = PartitionMetadataFile.Read(_surroundings.Disk, path);
        bool current = kind == PartitionDirectoryKind.Current;
        LogOptions options = optionsOf(partition, topicId);
        PartitionLog log = PartitionLog.Open(
            _surroundings,
            path,
            partition,
            checkpoints.Cleaned.ContainsKey(partition) ? options with { WasCompacted = true } : options,
            current ? checkpoints.RecoveryPoints.GetValueOrDefault(partition) : Offset.Zero,
            checkpoints.LogStarts.GetValueOrDefault(partition),
            directory.CleanShutdownEpoch is not null);
        return new StoredPartition(log, directory)
        {
            TopicId = topicId,
            CheckpointedHighWatermark = Offset.Min(checkpoints.HighWatermarks.GetValueOrDefault(partition), log.LogEndOffset),
        };
    }

    private void Add(StoredPartition stored, PartitionDirectoryKind kind, Func<TopicPartition, Uuid, bool>? isKnown)
    {
        TopicPartition partition = stored.Log.Partition;
        lock (_gate)
        {
            ConcurrentDictionary<TopicPartition, StoredPartition> group = kind == PartitionDirectoryKind.Current ? _partitions : _futures;
            if (group.TryAdd(partition, stored))
            {
                return;
            }

            StoredPartition other = group[partition];
            if (kind == PartitionDirectoryKind.Future || (stored.TopicId != other.TopicId && Knows(stored) == Knows(other)))
            {
                _surroundings.Events.Repaired(stored.Log.Directory, $"{partition} is in another log directory too; this copy is not loaded");
                stored.Log.Abandon();
                return;
            }

            StoredPartition older = Knows(stored) != Knows(other) ? (Knows(stored) ? other : stored) : IsOlder(stored, other) ? stored : other;
            group[partition] = ReferenceEquals(older, stored) ? other : stored;
            _surroundings.Events.Repaired(older.Log.Directory, $"{partition} is in another log directory too, which has the newer records; this copy is put aside");
            GuardDirectory(older.Directory, () => MoveAway(older, PartitionDirectoryKind.Stray));
        }

        bool Knows(StoredPartition each) => isKnown?.Invoke(partition, each.TopicId) ?? false;
    }

    /// <summary>
    /// Whether the other copy of the same partition is the one to keep. A directory that was offline comes back with a log that stopped growing when
    /// it went, and the broker has begun another meanwhile, which may be in sync by now. Whoever holds what is committed has the newest epoch
    /// and in it the furthest end, as in an election of Raft; the metadata does not decide, because what this disk holds of it may be older.
    /// </summary>
    private static bool IsOlder(StoredPartition stored, StoredPartition other)
    {
        LeaderEpoch epoch = stored.Log.Epochs.Latest, its = other.Log.Epochs.Latest;
        return epoch != its ? epoch < its : stored.Log.LogEndOffset <= other.Log.LogEndOffset;
    }
}
