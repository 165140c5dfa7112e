using System.Runtime.InteropServices;
using Tidemark.Storage.Files;
using Tidemark.Tests.Shared.Disks;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>A disk on which something happens in the middle of a read: what another thread would do just then.</summary>
internal sealed class InterruptedReads(IDisk disk) : WatchedDisk(disk)
{
    /// <summary>Done once, within the next read of a log's segment.</summary>
    public Action? Meanwhile { get; set; }

    public override IDiskFile OpenFile(string path, DiskOpen how)
    {
        IDiskFile file = Below.OpenFile(path, how);
        return path.EndsWith(".log", StringComparison.Ordinal) ? new InterruptedFile(this, file) : file;
    }

    private sealed class InterruptedFile(InterruptedReads owner, IDiskFile file) : IDiskFile
    {
        public string Path => file.Path;

        public long Length => file.Length;

        public long ModifiedMs
        {
            get => file.ModifiedMs;
            set => file.ModifiedMs = value;
        }

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
