using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tidemark.Storage.Files;

namespace Tidemark.Network.Tests;

/// <summary>A temporary file with the given bytes, with or without a handle that can be sent from.</summary>
internal sealed class OpenedFile : IDiskFile
{
    private readonly SafeFileHandle _handle;
    private readonly bool _showsHandle;

    public OpenedFile(byte[] bytes, bool showsHandle = true)
    {
        Path = System.IO.Path.GetTempFileName();
        _showsHandle = showsHandle;
        _handle = File.OpenHandle(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(Path);
        RandomAccess.Write(_handle, bytes, 0);
    }

    public string Path { get; }

    public long Length => RandomAccess.GetLength(_handle);

    public long ModifiedMs { get; set; }

    public SafeHandle? Handle => _showsHandle ? _handle : null;

    public int Read(long position, Span<byte> into) => RandomAccess.Read(_handle, into, position);

    public void Write(long position, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_handle, bytes, position);

    public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public void Flush()
    {
    }

    public void Dispose() => _handle.Dispose();
}
