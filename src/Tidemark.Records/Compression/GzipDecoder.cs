using System.IO.Compression;

namespace Tidemark.Records.Compression;

/// <summary>gzip (RFC 1952) by the runtime's own stream, which has no way to be used again.</summary>
internal sealed unsafe class GzipDecoder : BatchDecoder
{
    private GZipStream? _stream;

    public override void Begin(byte* source, int length) =>
        _stream = new GZipStream(new UnmanagedMemoryStream(source, length), CompressionMode.Decompress);

    public override int Read(Span<byte> destination)
    {
        try
        {
            return _stream!.Read(destination);
        }
        catch (InvalidDataException)
        {
            return Corrupt;
        }
    }

    public override bool End()
    {
        Dispose();
        return true;
    }

    public override void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }
}
