using System.Buffers.Binary;

namespace Tidemark.Records.Compression;

/// <summary>Snappy in the framing of Java's snappy-java, which every Kafka client reads: blocks of 32 KB.</summary>
internal sealed class SnappyEncoder : BatchEncoder
{
    private const int BlockSize = 32 * 1024;
    private const int FormatVersion = 1;

    private readonly byte[] _block = new byte[BlockSize];
    private readonly ushort[] _table = new ushort[SnappyBlock.TableSize];
    private int _held;
    private PooledBytes? _output;

    public override void Begin(PooledBytes output, int level)
    {
        _output = output;
        _held = 0;
        output.Write(SnappyDecoder.Magic);
        WriteNumber(FormatVersion);
        WriteNumber(FormatVersion);
    }

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_held == 0 && bytes.Length >= BlockSize)
            {
                WriteBlock(bytes[..BlockSize]);
                bytes = bytes[BlockSize..];
                continue;
            }

            int count = Math.Min(bytes.Length, BlockSize - _held);
            bytes[..count].CopyTo(_block.AsSpan(_held));
            _held += count;
            bytes = bytes[count..];
            if (_held == BlockSize)
            {
                WriteBlock(_block);
                _held = 0;
            }
        }
    }

    public override bool Finish()
    {
        if (_held > 0)
        {
            WriteBlock(_block.AsSpan(0, _held));
            _held = 0;
        }

        _output = null;
        return true;
    }

    public override void Dispose() => _output = null;

    private void WriteBlock(ReadOnlySpan<byte> block)
    {
        Span<byte> room = _output!.GetSpan(sizeof(int) + SnappyBlock.EncodedSizeMax(block.Length));
        int size = SnappyBlock.Encode(block, room[sizeof(int)..], _table);
        BinaryPrimitives.WriteInt32BigEndian(room, size);
        _output.Advance(sizeof(int) + size);
    }

    private void WriteNumber(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_output!.GetSpan(sizeof(int)), value);
        _output.Advance(sizeof(int));
    }
}
