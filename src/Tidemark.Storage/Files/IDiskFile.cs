using System.Runtime.InteropServices;

namespace Tidemark.Storage.Files;

/// <summary>An open file, read and written at given places. Reads may run beside one writer; writers are serialised by the owner.</summary>
public interface IDiskFile : IDisposable
{
    string Path { get; }

    long Length { get; }

    /// <summary>When the content was last changed, in milliseconds since 1970; set for a file that takes another's place.</summary>
    long ModifiedMs { get; set; }

    /// <summary>The operating system's handle, for <c>sendfile</c>; null where there is none (in the simulator).</summary>
    SafeHandle? Handle { get; }

    /// <summary>Reads until the span is full or the file ends; answers how many bytes were read.</summary>
    int Read(long position, Span<byte> into);

    /// <summary>Writes all bytes, growing the file where needed. After a failure nothing is known of the bytes written.</summary>
    void Write(long position, ReadOnlySpan<byte> bytes);

    void SetLength(long length);

    /// <summary>Returns when the content and the length are on the disk (fdatasync).</summary>
    void Flush();
}
