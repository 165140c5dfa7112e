using System.IO.Compression;
using Tidemark.Primitives;

namespace Tidemark.Records.Compression;

/// <summary>gzip (RFC 1952), one member a batch.</summary>
internal sealed class GzipEncoder : BatchEncoder
{
    private GZipStream? _stream;

    public override void Begin(PooledBytes output, int level)
    {
        Invariant.Require(CompressionCodecs.IsValidLevel(CompressionCodec.Gzip, level));
        _stream = new GZipStream(new AppendStream(output), new ZLibCompressionOptions { CompressionLevel = level });
    }

    public override void Write(ReadOnlySpan<byte> bytes) => _stream!.Write(bytes);

    public override bool Finish()
    {
        Dispose();
        return true;
    }

    public override void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }

    /// <summary>The end of a <see cref="PooledBytes"/> as a stream that can only be written to.</summary>
    private sealed class AppendStream(PooledBytes output) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => output.Write(buffer);
    }
}
