using System.Collections.Concurrent;
using Tidemark.Primitives;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Directories;

/// <summary>A partition's log and what is known of it beside its content.</summary>
public sealed record StoredPartition(PartitionLog Log, LogDirectory Directory)
{
    /// <summary>From partition.metadata; zero when the directory does not tell.</summary>
    public Uuid TopicId { get; init; }

    /// <summary>The high watermark as last written down; a hint, nothing is truncated to it.</summary>
    public Offset CheckpointedHighWatermark { get; init; }
}

/// <summary>
/// All logs of a broker over its log directories. A directory whose disk fails goes offline with its logs, the others go on.
/// Thread-safe; loading and closing are handed out as pieces of work that may run at once.
/// </summary>
public sealed partial class LogDirectories
{
    private readonly LogSurroundings _surroundings;
    private readonly Func<Uuid> _newId;
    private readonly ConcurrentDictionary<TopicPartition, StoredPartition> _partitions = new();
    private readonly ConcurrentDictionary<TopicPartition, StoredPartition> _futures = new();
    private readonly List<(string Path, long DueMs)> _deletions = [];
    private readonly Lock _gate = new();

    /// <param name="surroundings">The given events hear everything; failures of a log take its directory offline first.</param>
    /// <param name="directories">Opened and formatted.</param>
    /// <param name="newId">Draws a random id.</param>
    public LogDirectories(LogSurroundings surroundings, IReadOnlyList<LogDirectory> directories, Func<Uuid> newId)
    {
        Invariant.Require(directories.Count > 0);
        _surroundings = surroundings with { Events = new OfflineOnFailure(this, surroundings.Events) };
        All = directories;
        _newId = newId;
    }

    /// <summary>Every directory, those that are offline too.</summary>
    public IReadOnlyList<LogDirectory> All { get; }

    /// <summary><c>file.delete.delay.ms</c>: how long a deleted partition's files stay under their new name.</summary>
    public long FileDeleteDelayMs { get; set; } = 60_000;

    /// <summary>Every current log, by topic and number.</summary>
    public IReadOnlyList<StoredPartition> Partitions => InOrder(_partitions);

    /// <summary>Copies that are on their way to take another's place, by topic and number.</summary>
    public IReadOnlyList<StoredPartition> Futures => InOrder(_futures);

    public bool TryGet(TopicPartition partition, out StoredPartition stored) => _partitions.TryGetValue(partition, out stored!);

    public bool TryGetFuture(TopicPartition partition, out StoredPartition stored) => _futures.TryGetValue(partition, out stored!);

    /// <summary>The partition's log, made where the fewest are if it is not there yet.</summary>
    /// <param name="in">The directory it shall be in, or null for the one with the fewest partitions.</param>
    /// <exception cref="IOException">The disk failed, or no directory is online.</exception>
    public StoredPartition GetOrCreate(TopicPartition partition, Uuid topicId, LogOptions options, LogDirectory? @in = null)
    {
        if (_partitions.TryGetValue(partition, out StoredPartition? known))
        {
            return known;
        }

        lock (_gate)
        {
            if (_partitions.TryGetValue(partition, out known))
            {
                return known;
            }

            LogDirectory directory = @in ?? FewestPartitions() ?? throw new IOException("No log directory is online");
            GuardDirectory(directory, () => ForgetWritten(partition, directory));
            StoredPartition created = Create(partition, topicId, options, directory, PartitionDirectoryName.Of(partition));
            _partitions[partition] = created;
            return created;
        }
    }

    /// <summary>Begins a copy of the partition in another directory.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public StoredPartition GetOrCreateFuture(TopicPartition partition, Uuid topicId, LogOptions options, LogDirectory @in)
    {
        lock (_gate)
        {
            if (_futures.TryGetValue(partition, out StoredPartition? known))
            {
                return known;
            }

            GuardDirectory(@in, () => ForgetWritten(partition, @in));
            string name = PartitionDirectoryName.Of(partition, PartitionDirectoryKind.Future, _newId());
            StoredPartition created = Create(partition, topicId, options, @in, name);
            _futures[partition] = created;
            return created;
        }
    }

    /// <summary>
    /// The copy has caught up and takes the current log's place, which is deleted. The caller has stopped appends. Where the copy cannot be put in place the
    /// current log stays in service; a crash in between leaves two with the same records, of which a start keeps one.
    /// </summary>
    /// <returns>Null when the copy has been given up: before, and another that was begun in its place need not have caught up, or here, as one of a log that is where it should go.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public StoredPartition? ReplaceWithFuture(StoredPartition future)
    {
        lock (_gate)
        {
            TopicPartition partition = future.Log.Partition;
            if (!_futures.TryGetValue(partition, out StoredPartition? known) || !ReferenceEquals(known, future))
            {
                return null;
            }

            StoredPartition? old = _partitions.GetValueOrDefault(partition);
            if (ReferenceEquals(old?.Directory, future.Directory))
            {
                // Asked for once more in the moment in which the copy that was under way took the place.
                DeleteFuture(partition);
                return null;
            }

            string target = Path.Combine(future.Directory.Path, PartitionDirectoryName.Of(partition));
            PartitionLog log;
            try
            {
                future.Log.Close();
                CarryWritten(partition, future.Directory);
                _surroundings.Disk.Rename(future.Log.Directory, target);
                _surroundings.Disk.SyncDirectory(future.Directory.Path);
                log = PartitionLog.Open(
                    _surroundings, target, partition, future.Log.Options, future.Log.RecoveryPoint, future.Log.LogStart, cleanShutdown: true);
            }
            catch (IOException e)
            {
                TakeOffline(future.Directory, e);
                throw;
            }

            StoredPartition current = future with { Log = log };
            _partitions[partition] = current;
            _futures.TryRemove(partition, out _);
            if (old is not null)
            {
                GuardDirectory(old.Directory, () => MoveAway(old, PartitionDirectoryKind.Deleted));
            }

            GuardDirectory(current.Directory, () => WriteCheckpoints(current.Directory));
            return current;
        }
    }

    /// <summary>
    /// Takes a directory out of service because its disk failed: its logs answer KAFKA_STORAGE_ERROR from now on and are no longer listed.
    /// </summary>
    /// <returns>The partitions that were in it; empty when it was offline already.</returns>
    public IReadOnlyList<TopicPartition> TakeOffline(LogDirectory directory, Exception reason)
    {
        if (!directory.GoOffline())
        {
            return [];
        }

        var lost = new List<TopicPartition>();
        foreach (ConcurrentDictionary<TopicPartition, StoredPartition> group in new[] { _partitions, _futures })
        {
            foreach (StoredPartition stored in InOrder(group).Where(stored => ReferenceEquals(stored.Directory, directory)))
            {
                // Without its lock: the failure may be told from within another log's.
                stored.Log.FenceOff();
                group.TryRemove(new KeyValuePair<TopicPartition, StoredPartition>(stored.Log.Partition, stored));
                lost.Add(stored.Log.Partition);
            }
        }

        _surroundings.Events.DirectoryFailed(directory, lost, reason);
        return lost;
    }

    /// <summary>The order of a hash table differs from process to process, and with it would everything that is done to all logs one after another.</summary>
    private static StoredPartition[] InOrder(ConcurrentDictionary<TopicPartition, StoredPartition> partitions)
    {
        StoredPartition[] all = [.. partitions.Values];
        Array.Sort(all, static (a, b) => Compare(a.Log.Partition, b.Log.Partition));
        return all;

        static int Compare(TopicPartition a, TopicPartition b) => string.CompareOrdinal(a.Topic, b.Topic) is var order and not 0 ? order : a.Partition.CompareTo(b.Partition);
    }

    private LogDirectory? FewestPartitions() => All.Count == 1
        ? All.FirstOrDefault(directory => !directory.IsOffline)
        : All.Where(directory => !directory.IsOffline)
            .MinBy(directory => _partitions.Count(stored => ReferenceEquals(stored.Value.Directory, directory)));

    private StoredPartition Create(TopicPartition partition, Uuid topicId, LogOptions options, LogDirectory directory, string name)
    {
        if (directory.IsOffline)
        {
            throw new IOException($"The log directory {directory.Path} is offline");
        }

        try
        {
            string path = Path.Combine(directory.Path, name);
            PartitionLog log = PartitionLog.Open(_surroundings, path, partition, options, Offset.Zero, Offset.Zero, cleanShutdown: true);
            if (!topicId.IsZero)
            {
                PartitionMetadataFile.Write(_surroundings.Disk, path, topicId);
            }

            return new StoredPartition(log, directory) { TopicId = topicId };
        }
        catch (IOException e)
        {
            TakeOffline(directory, e);
            throw;
        }
    }

    private void GuardDirectory(LogDirectory directory, Action work)
    {
        if (directory.IsOffline)
        {
            return;
        }

        try
        {
            work();
        }
        catch (IOException e)
        {
            TakeOffline(directory, e);
        }
    }

    /// <summary>Passes everything on; a log that fails takes its directory with it.</summary>
    private sealed class OfflineOnFailure(LogDirectories owner, IStorageEvents next) : IStorageEvents
    {
        public void Truncated(string file, long position, long bytesLost, string reason) => next.Truncated(file, position, bytesLost, reason);

        public void Repaired(string file, string reason) => next.Repaired(file, reason);

        public void Rolled(PartitionLog log, Offset baseOffset) => next.Rolled(log, baseOffset);

        public void GoesBack(PartitionLog log, Offset to)
        {
            owner.TakeBack(log, to);
            next.GoesBack(log, to);
        }

        public void GetsGaps(PartitionLog log)
        {
            owner.ExpectGaps(log);
            next.GetsGaps(log);
        }

        public void Failed(PartitionLog log, Exception reason)
        {
            next.Failed(log, reason);
            owner.TakeOffline(owner.DirectoryOf(log.Directory), reason);
        }

        public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason) =>
            next.DirectoryFailed(directory, partitions, reason);
    }
}
