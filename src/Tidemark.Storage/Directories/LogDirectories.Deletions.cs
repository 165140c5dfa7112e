using System.Collections.Concurrent;
using Tidemark.Primitives;

namespace Tidemark.Storage.Directories;

/// <content>Deletion: a partition's directory gets another name at once, and its files go later.</content>
public sealed partial class LogDirectories
{
    /// <summary>Abandons a copy that was begun.</summary>
    public void DeleteFuture(TopicPartition partition)
    {
        lock (_gate)
        {
            if (_futures.TryRemove(partition, out StoredPartition? future))
            {
                MoveAway(future, PartitionDirectoryKind.Deleted);
            }
        }
    }

    /// <summary>
    /// Takes the partition out of service and renames its directory; the files go after <see cref="FileDeleteDelayMs"/>, by
    /// <see cref="RemoveDeleted"/>. False when there is no such log.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool Delete(TopicPartition partition)
    {
        lock (_gate)
        {
            if (!_partitions.TryRemove(partition, out StoredPartition? stored))
            {
                return false;
            }

            MoveAway(stored, PartitionDirectoryKind.Deleted);
            return true;
        }
    }

    /// <summary>
    /// The same for many, copies under way included, with one flush of each log directory for all: a topic of a thousand partitions would wait for the disk
    /// a thousand times. What a failing directory holds goes with it, the rest is deleted all the same.
    /// </summary>
    public void Delete(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            var renamed = new HashSet<LogDirectory>();
            foreach (TopicPartition partition in partitions)
            {
                foreach (ConcurrentDictionary<TopicPartition, StoredPartition> group in new[] { _futures, _partitions })
                {
                    if (group.TryRemove(partition, out StoredPartition? stored))
                    {
                        GuardDirectory(stored.Directory, () => Rename(stored, PartitionDirectoryKind.Deleted));
                        renamed.Add(stored.Directory);
                    }
                }
            }

            foreach (LogDirectory directory in All.Where(renamed.Contains))
            {
                GuardDirectory(directory, () => _surroundings.Disk.SyncDirectory(directory.Path));
            }
        }
    }

    /// <summary>Puts a log aside that the metadata does not know here. It is kept on the disk and not loaded again.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void PutAside(TopicPartition partition)
    {
        lock (_gate)
        {
            if (_partitions.TryRemove(partition, out StoredPartition? stray))
            {
                MoveAway(stray, PartitionDirectoryKind.Stray);
            }
        }
    }

    /// <summary>Removes the files of partitions whose delay has passed. To be called now and then, in the background.</summary>
    public void RemoveDeleted()
    {
        List<string> due;
        long nowMs = _surroundings.NowMs;
        lock (_gate)
        {
            due = [.. _deletions.Where(d => d.DueMs <= nowMs).Select(d => d.Path)];
            _deletions.RemoveAll(d => d.DueMs <= nowMs);
        }

        foreach (string path in due)
        {
            GuardDirectory(DirectoryOf(path), () => _surroundings.Disk.DeleteDirectory(path));
        }
    }

    private void MoveAway(StoredPartition stored, PartitionDirectoryKind kind)
    {
        try
        {
            Rename(stored, kind);
            _surroundings.Disk.SyncDirectory(stored.Directory.Path);
        }
        catch (IOException e)
        {
            TakeOffline(stored.Directory, e);
            throw;
        }
    }

    private void Rename(StoredPartition stored, PartitionDirectoryKind kind)
    {
        stored.Log.Abandon();
        string target = Path.Combine(stored.Directory.Path, PartitionDirectoryName.Of(stored.Log.Partition, kind, _newId()));
        _surroundings.Disk.Rename(stored.Log.Directory, target);
        if (kind == PartitionDirectoryKind.Deleted)
        {
            _deletions.Add((target, _surroundings.NowMs + FileDeleteDelayMs));
        }
    }

    private LogDirectory DirectoryOf(string path) =>
        All.First(directory => path.StartsWith(directory.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal));
}
