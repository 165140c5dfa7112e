using Tidemark.Primitives;

namespace Tidemark.Records;

/// <summary>The headers of a record (KIP-82), one after another.</summary>
public ref struct RecordHeaderWalk
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _count;
    private int _read;
    private int _position;

    internal RecordHeaderWalk(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        _count = count;
    }

    /// <summary>The current header's key, UTF-8.</summary>
    public ReadOnlySpan<byte> Key { readonly get; private set; }

    public RecordBytes Value { readonly get; private set; }

    public readonly RecordHeaderWalk GetEnumerator() => this;

    public readonly RecordHeaderWalk Current => this;

    public bool MoveNext()
    {
        if (_read == _count)
        {
            return false;
        }

        Invariant.Require(RecordReader.TryReadHeader(_bytes, ref _position, out ReadOnlySpan<byte> key, out RecordBytes value) == RecordFault.None);
        Key = key;
        Value = value;
        _read++;
        return true;
    }
}
