using System.IO.Enumeration;
using Microsoft.Win32.SafeHandles;

namespace Tidemark.Storage.Files;

/// <summary>
/// The operating system's file system. Files are read and written by position (<c>pread</c>, <c>pwrite</c>), so that readers share a
/// handle with the writer; no stream and no buffer lies between.
/// </summary>
public sealed class SystemDisk : IDisk
{
    private static readonly EnumerationOptions Everything = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
        ReturnSpecialDirectories = false,
    };

    public bool FileExists(string path) => File.Exists(path);

    public bool DirectoryExists(string path) => Directory.Exists(path);

    public IDiskFile OpenFile(string path, DiskOpen how)
    {
        try
        {
            // .NET's own way asks four more questions of every file (what file system, a shared lock, its release), which a start with
            // thousands of partitions would feel.
            return new SystemDiskFile(path, OperatingSystem.IsLinux() ? PosixCalls.Open(path, how) : OpenPortably(path, how));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void CreateDirectory(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public IReadOnlyList<DiskEntry> List(string directory)
    {
        try
        {
            List<DiskEntry> entries = OperatingSystem.IsLinux() ? LinuxDirectory.List(directory) : [.. new FileSystemEnumerable<DiskEntry>(directory, Describe, Everything)];
            entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return entries;
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void Rename(string from, string to)
    {
        if (!OperatingSystem.IsWindows())
        {
            // File.Move asks several questions first and refuses directories; rename(2) does what the contract says, at once.
            PosixCalls.Rename(from, to);
        }
        else if (Directory.Exists(from))
        {
            Directory.Move(from, to);
        }
        else
        {
            File.Move(from, to, overwrite: true);
        }
    }

    public void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void DeleteDirectory(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public void SyncDirectory(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            PosixCalls.SyncDirectory(path);
        }
    }

    public IDisposable? TryLock(string path)
    {
        FileStream? stream = null;
        try
        {
            // FileShare.None keeps out other processes of ours (flock); the region lock keeps out Java's FileChannel.lock (fcntl),
            // so that an Apache Kafka broker and a Tidemark never share a directory.
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            if (!OperatingSystem.IsMacOS())
            {
                stream.Lock(0, long.MaxValue);
            }

            return stream;
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException) && File.Exists(path))
        {
            stream?.Dispose();
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    public (long TotalBytes, long UsableBytes) Space(string directory)
    {
        try
        {
            var drive = new DriveInfo(Path.GetFullPath(directory));
            return (drive.TotalSize, drive.AvailableFreeSpace);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private static SafeFileHandle OpenPortably(string path, DiskOpen how)
    {
        FileMode mode = how switch
        {
            DiskOpen.Existing => FileMode.Open,
            DiskOpen.OpenOrCreate => FileMode.OpenOrCreate,
            _ => FileMode.Create,
        };
        return File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    private static DiskEntry Describe(ref FileSystemEntry entry) =>
        new(entry.FileName.ToString(), entry.IsDirectory, entry.IsDirectory ? 0 : entry.Length);
}
