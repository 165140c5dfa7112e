using System.Runtime.InteropServices;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>A disk on which something happens in the middle of a read: what another thread would do just then.</summary>
internal sealed class InterruptedReads(IDisk disk) : IDisk
{
    /// <summary>Done once, within the next read of a log's segment.</summary>
    public Action? Meanwhile { get; set; }

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public IDiskFile OpenFile(string path, DiskOpen how)
    {
        IDiskFile file = disk.OpenFile(path, how);
        return path.EndsWith(".log", StringComparison.Ordinal) ? new InterruptedFile(this, file) : file;
    }

    public void CreateDirectory(string path) => disk.CreateDirectory(path);

    public IReadOnlyList<DiskEntry> List(string directory) => disk.List(directory);

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void DeleteFile(string path) => disk.DeleteFile(path);

    public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

    public void SyncDirectory(string path) => disk.SyncDirectory(path);

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    public (long TotalBytes, long UsableBytes) Space(string directory) => disk.Space(directory);

    private sealed class InterruptedFile(InterruptedReads owner, IDiskFile file) : IDiskFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public SafeHandle? Handle => file.Handle;

        public int Read(long position, Span<byte> into)
        {
            Action? meanwhile = owner.Meanwhile;
            owner.Meanwhile = null;
            meanwhile?.Invoke();
            return file.Read(position, into);
        }

        public void Write(long position, ReadOnlySpan<byte> bytes) => file.Write(position, bytes);

        public void SetLength(long length) => file.SetLength(length);

        public void Flush() => file.Flush();

        public void Dispose() => file.Dispose();
    }
}
