using System.Runtime.InteropServices;

namespace Tidemark.Output;

/// <summary>Nobody reads standard output any more.</summary>
internal sealed class BrokenPipeException(Exception? cause = null) : IOException(cause?.Message ?? "Broken pipe", cause);

/// <summary>
/// Standard output where it is no terminal: tells a pipe that was closed, which is no failure, from a disk that is full and from all else. After the first
/// failure it takes everything in silence, because the writer above still holds what it could not write and tries again when it is closed.
/// </summary>
internal sealed class CommandOutput(Stream to, bool isPipe) : Stream
{
    private bool _isBroken;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_isBroken)
        {
            return;
        }

        try
        {
            to.Write(buffer);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _isBroken = true;
            throw isPipe && failure is IOException
                ? new BrokenPipeException(failure)
                : new IOException($"cannot write to standard output: {(failure.InnerException ?? failure).Message}", failure);
        }
    }

    /// <summary>Whoever follows a topic flushes also when nothing came, and learns here that nobody would read it.</summary>
    public override void Flush()
    {
        if (_isBroken)
        {
            return;
        }

        if (isPipe && IsClosed())
        {
            _isBroken = true;
            throw new BrokenPipeException();
        }

        to.Flush();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static bool IsClosed()
    {
        const short Error = 0x8, HangUp = 0x10;
        var polled = new PollDescriptor { File = CommandLine.StandardOutput };
        return Poll(ref polled, 1, 0) > 0 && (polled.Found & (Error | HangUp)) != 0;
    }

    /// <summary>Linux' <c>struct pollfd</c>. What is wrong with a file is told unasked.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int File;
        public short Asked;
        public short Found;
    }

    [DllImport("libc", EntryPoint = "poll")]
    private static extern int Poll(ref PollDescriptor files, nuint count, int timeoutMs);
}
