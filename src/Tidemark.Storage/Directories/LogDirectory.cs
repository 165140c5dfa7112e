using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Directories;

/// <summary>Another process has the directory.</summary>
public sealed class LogDirectoryInUseException(string path)
    : IOException($"The directory {path} is in use by another process, which holds a lock on {Path.Combine(path, LogDirectory.LockFileName)}");

/// <summary>One of <c>log.dirs</c>: its lock, its identity, its checkpoints. Its logs are kept by <see cref="LogDirectories"/>.</summary>
public sealed class LogDirectory : IDisposable
{
    public const string LockFileName = ".lock";

    /// <summary>The metadata log lives in a log directory too, but is loaded and kept by the quorum.</summary>
    public const string MetadataDirectoryName = "__cluster_metadata-0";

    private readonly IDisk _disk;
    private readonly IDisposable _lock;
    private bool _offline;
    private int _unloaded;

    private LogDirectory(IDisk disk, string path, IDisposable heldLock, MetaProperties? meta)
    {
        (_disk, Path, _lock, Meta) = (disk, path, heldLock, meta);
    }

    public string Path { get; }

    /// <summary>Null while the directory is not formatted.</summary>
    public MetaProperties? Meta { get; private set; }

    /// <summary>The directory's own id (KIP-858); zero while it is not formatted.</summary>
    public Uuid Id => Meta?.DirectoryId ?? Uuid.Zero;

    /// <summary>The disk failed; nothing is written here any more.</summary>
    public bool IsOffline => Volatile.Read(ref _offline);

    /// <summary>The epoch of the broker that left the directory in good order; null when nobody did.</summary>
    public long? CleanShutdownEpoch { get; private set; }

    /// <summary>Makes the directory if it is absent, and locks it.</summary>
    /// <exception cref="LogDirectoryInUseException">Another process has it.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">Its identity cannot be read.</exception>
    public static LogDirectory Open(IDisk disk, string path)
    {
        disk.CreateDirectory(path);
        IDisposable heldLock = disk.TryLock(System.IO.Path.Combine(path, LockFileName)) ?? throw new LogDirectoryInUseException(path);
        try
        {
            return new LogDirectory(disk, path, heldLock, MetaProperties.Read(disk, path));
        }
        catch
        {
            heldLock.Dispose();
            throw;
        }
    }

    /// <summary>Gives the directory its identity.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Format(MetaProperties meta)
    {
        meta.Write(_disk, Path);
        _disk.SyncDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) ?? Path);
        Meta = meta;
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Reads the offsets of a checkpoint file; what is damaged is as if it had not been written.</summary>
    internal Dictionary<TopicPartition, Offset> ReadCheckpoint(string name, IStorageEvents events)
    {
        string path = System.IO.Path.Combine(Path, name);
        Dictionary<TopicPartition, Offset> offsets = OffsetCheckpoint.Read(_disk, path, out bool intact);
        if (!intact)
        {
            events.Repaired(path, "the checkpoint is damaged; what cannot be read counts as not written");
        }

        return offsets;
    }

    internal void WriteCheckpoint(string name, IReadOnlyCollection<KeyValuePair<TopicPartition, Offset>> offsets) =>
        OffsetCheckpoint.Write(_disk, System.IO.Path.Combine(Path, name), offsets);

    /// <summary>Looks whether the last process left in good order, and takes the sign away before anything is loaded.</summary>
    internal void BeginLoading() => CleanShutdownEpoch = CleanShutdownFile.Take(_disk, Path, out long epoch) ? epoch : null;

    /// <summary>One more log was found here that has to be loaded.</summary>
    internal void Found() => Interlocked.Increment(ref _unloaded);

    /// <summary>True with the last log that was found.</summary>
    internal bool Loaded() => Interlocked.Decrement(ref _unloaded) == 0;

    /// <summary>Nothing that was found is left to be loaded.</summary>
    internal bool IsLoaded => Volatile.Read(ref _unloaded) == 0;

    internal void MarkClean(long brokerEpoch) => CleanShutdownFile.Write(_disk, Path, brokerEpoch);

    /// <summary>True for whoever reports the failure first.</summary>
    internal bool GoOffline() => !Interlocked.Exchange(ref _offline, true);
}
