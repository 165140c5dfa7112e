namespace Tidemark.Output;

/// <summary>Nobody reads standard output any more.</summary>
internal sealed class BrokenPipeException(IOException cause) : IOException(cause.Message, cause);

/// <summary>Standard output where it is a pipe: tells a pipe that was closed from every other failure.</summary>
internal sealed class PipeOutput(Stream pipe) : Stream
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
            // The writer above still holds what it could not write, and tries once more when it is closed.
            return;
        }

        try
        {
            pipe.Write(buffer);
        }
        catch (IOException failure)
        {
            _isBroken = true;
            throw new BrokenPipeException(failure);
        }
    }

    public override void Flush() => pipe.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
