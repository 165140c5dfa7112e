using System.Buffers;
using System.Buffers.Binary;

namespace Tidemark.Records.Compression;

/// <summary>
/// Snappy in both forms that clients send: the framing of Java's snappy-java (a magic of 8 bytes and two version numbers, then blocks,
/// each behind its length), and one raw block, which librdkafka writes.
/// </summary>
internal sealed unsafe class SnappyDecoder : BatchDecoder
{
    private const int VersionsSize = 8;

    private byte* _source;
    private int _left;
    private bool _isFramed;
    private byte[] _block = [];
    private int _blockLength;
    private int _blockRead;

    /// <summary>What a framed payload begins with; its first byte could only begin a raw block whose second were a number's last byte.</summary>
    internal static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public override void Begin(byte* source, int length)
    {
        _source = source;
        _left = length;
        _blockLength = 0;
        _blockRead = 0;
        _isFramed = Rest.StartsWith(Magic) && length >= Magic.Length + VersionsSize;
        if (_isFramed)
        {
            Skip(Magic.Length + VersionsSize);
        }
    }

    public override int Read(Span<byte> destination)
    {
        while (_blockRead == _blockLength)
        {
            if (_left == 0)
            {
                return 0;
            }

            if (!TryDecodeBlock())
            {
                return Corrupt;
            }
        }

        int count = Math.Min(destination.Length, _blockLength - _blockRead);
        _block.AsSpan(_blockRead, count).CopyTo(destination);
        _blockRead += count;
        return count;
    }

    public override bool End()
    {
        _source = null;
        _left = 0;
        Dispose();
        return true;
    }

    public override void Dispose()
    {
        if (_block.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_block);
            _block = [];
        }

        _blockLength = 0;
        _blockRead = 0;
    }

    private ReadOnlySpan<byte> Rest => new(_source, _left);

    private void Skip(int count)
    {
        _source += count;
        _left -= count;
    }

    private bool TryDecodeBlock()
    {
        int length = _left;
        if (_isFramed)
        {
            // Streams that were joined repeat the magic where a block's length would stand.
            if (Rest.StartsWith(Magic))
            {
                if (_left < Magic.Length + VersionsSize)
                {
                    return false;
                }

                Skip(Magic.Length + VersionsSize);
                return true;
            }

            if (_left < sizeof(int))
            {
                return false;
            }

            length = BinaryPrimitives.ReadInt32BigEndian(Rest);
            Skip(sizeof(int));
            if (length <= 0 || length > _left)
            {
                return false;
            }
        }

        ReadOnlySpan<byte> block = Rest[..length];
        if (!SnappyBlock.TryReadLength(block, out int decoded, out int lengthSize))
        {
            return false;
        }

        if (_block.Length < decoded)
        {
            Dispose();
            _block = ArrayPool<byte>.Shared.Rent(decoded);
        }

        _blockRead = 0;
        _blockLength = decoded;
        Skip(length);
        return SnappyBlock.TryDecode(block[lengthSize..], _block.AsSpan(0, decoded));
    }
}
