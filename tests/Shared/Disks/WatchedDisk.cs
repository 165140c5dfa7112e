using Tidemark.Storage.Files;

namespace Tidemark.Tests.Shared.Disks;

/// <summary>A disk that does what the one below it does, but for how files are opened, or removed.</summary>
internal abstract class WatchedDisk(IDisk disk) : IDisk
{
    protected IDisk Below => disk;

    public abstract IDiskFile OpenFile(string path, DiskOpen how);

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public void CreateDirectory(string path) => disk.CreateDirectory(path);

    public IReadOnlyList<DiskEntry> List(string directory) => disk.List(directory);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public virtual void DeleteFile(string path) => disk.DeleteFile(path);

    public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

    public void SyncDirectory(string path) => disk.SyncDirectory(path);

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    public (long TotalBytes, long UsableBytes) Space(string directory) => disk.Space(directory);
}
