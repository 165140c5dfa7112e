using System.Runtime.InteropServices;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Disks;

/// <summary>An open file of the memory disk. It outlives the file's name, as on Unix, but not a crash.</summary>
internal sealed class MemoryDiskFile(MemoryDisk disk, MemoryFileNode node, string path, int generation) : IDiskFile
{
    private bool _disposed;

    public string Path => path;

    public long Length
    {
        get
        {
            lock (disk.Lock)
            {
                Check();
                return node.Content.Length;
            }
        }
    }

    public long ModifiedMs
    {
        get
        {
            lock (disk.Lock)
            {
                Check();
                return node.ModifiedMs;
            }
        }

        set
        {
            lock (disk.Lock)
            {
                Check();
                node.ModifiedMs = value;
            }
        }
    }

    public SafeHandle? Handle => null;

    public int Read(long position, Span<byte> into)
    {
        lock (disk.Lock)
        {
            Check();
            disk.ThrowIfReadFails(path);
            return node.Content.Read(position, into);
        }
    }

    public void Write(long position, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        lock (disk.Lock)
        {
            Check();
            if (disk.CrashesNow())
            {
                node.Content.Write(position, bytes[..disk.TornLength(bytes.Length)]);
                throw disk.Crash();
            }

            disk.ThrowIfWriteFails(path);
            int fits = disk.Fitting(node.Content, position, bytes.Length);
            disk.Grow(node.Content.GrowthOf(position, fits));
            node.Content.Write(position, bytes[..fits]);
            node.ModifiedMs = disk.NowMs();
            if (fits < bytes.Length)
            {
                throw MemoryDisk.NoSpace(path);
            }
        }
    }

    public void SetLength(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lock (disk.Lock)
        {
            Check();
            disk.BeforeChange(path);
            long before = node.Content.AllocatedBytes;
            node.Content.SetLength(length);
            node.ModifiedMs = disk.NowMs();
            disk.Grow(node.Content.AllocatedBytes - before);
        }
    }

    public void Flush()
    {
        lock (disk.Lock)
        {
            Check();
            disk.BeforeChange(path);
            node.Content.Flush();
            disk.OnFlush?.Invoke();
        }
    }

    public void Dispose() => _disposed = true;

    private void Check()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        disk.ThrowIfCrashed(generation);
    }
}
