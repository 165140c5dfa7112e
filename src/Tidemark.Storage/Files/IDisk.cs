namespace Tidemark.Storage.Files;

/// <summary>How a file is opened.</summary>
public enum DiskOpen
{
    /// <summary>The file must exist.</summary>
    Existing,

    /// <summary>An absent file is made, an existing one kept.</summary>
    OpenOrCreate,

    /// <summary>An existing file is emptied.</summary>
    Create,
}

/// <summary>
/// An entry of a directory: its bare name; the length is 0 for directories. A class, because what is generic over a class of ours is
/// compiled ahead of time, and a start lists thousands of directories.
/// </summary>
public sealed record DiskEntry(string Name, bool IsDirectory, long Length);

/// <summary>
/// All that Tidemark asks of a disk. The real one is the operating system's file system; the simulator brings one in memory that
/// can crash, fill up and fail. Every member throws <see cref="IOException"/> when the disk fails.
/// </summary>
public interface IDisk
{
    bool FileExists(string path);

    bool DirectoryExists(string path);

    IDiskFile OpenFile(string path, DiskOpen how);

    /// <summary>Makes the directory and those above it. No error when it is there.</summary>
    void CreateDirectory(string path);

    /// <summary>What the directory holds, in the order of the names' bytes. Empty when there is no such directory.</summary>
    IReadOnlyList<DiskEntry> List(string directory);

    /// <summary>Renames a file or a directory in one step; an existing target file is replaced.</summary>
    void Rename(string from, string to);

    /// <summary>No error when there is no such file.</summary>
    void DeleteFile(string path);

    /// <summary>Removes the directory and all in it. No error when there is no such directory.</summary>
    void DeleteDirectory(string path);

    /// <summary>Makes creations, renames and removals in this directory survive a loss of power.</summary>
    void SyncDirectory(string path);

    /// <summary>Takes an exclusive lock on the file until the result is disposed; null when another process has it.</summary>
    IDisposable? TryLock(string path);

    /// <summary>The size of the file system that holds the directory, and what is still free on it, in bytes.</summary>
    (long TotalBytes, long UsableBytes) Space(string directory);
}
