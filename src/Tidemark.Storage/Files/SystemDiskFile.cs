using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidemark.Storage.Files;

/// <summary>A file of the operating system, by its handle.</summary>
internal sealed class SystemDiskFile(string path, SafeFileHandle handle) : IDiskFile
{
    public string Path => path;

    public long Length => RandomAccess.GetLength(handle);

    public long ModifiedMs
    {
        get => new DateTimeOffset(File.GetLastWriteTimeUtc(handle)).ToUnixTimeMilliseconds();
        set => File.SetLastWriteTimeUtc(handle, DateTimeOffset.FromUnixTimeMilliseconds(value).UtcDateTime);
    }

    public SafeHandle Handle => handle;

    public int Read(long position, Span<byte> into)
    {
        int done = 0;
        while (done < into.Length)
        {
            int read = OperatingSystem.IsLinux()
                ? PosixCalls.Read(handle, into[done..], position + done, path)
                : RandomAccess.Read(handle, into[done..], position + done);
            if (read == 0)
            {
                break;
            }

            done += read;
        }

        return done;
    }

    public void Write(long position, ReadOnlySpan<byte> bytes) => RandomAccess.Write(handle, bytes, position);

    public void SetLength(long length) => RandomAccess.SetLength(handle, length);

    public void Flush() => PosixCalls.FlushData(handle, path);

    public void Dispose() => handle.Dispose();
}
