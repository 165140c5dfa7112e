using System.Buffers.Binary;
using Tidemark.Primitives;

namespace Tidemark.Records;

/// <summary>
/// Goes over batches that stand one behind another, each checked as far as its frame (length and magic): the CRC is the caller's to
/// check where it is wanted. Never throws, whatever the bytes are, and never looks past the first batch that is wrong.
/// </summary>
public ref struct BatchWalk
{
    /// <summary>A message of format v0 had at least this many bytes; Kafka measures every length against it before it looks at the magic.</summary>
    private const int OldestRecordOverhead = 14;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private int _size;

    public BatchWalk(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Where the current batch begins; after the walk, where the good bytes end.</summary>
    public readonly int Position => _position;

    /// <summary>The current batch with its records. Only after <see cref="MoveNext"/> said true.</summary>
    public readonly RecordBatchHeader Current => new(_bytes.Slice(_position, _size));

    /// <summary>Why the walk ended; <see cref="BatchFault.None"/> when the last batch ended with the bytes.</summary>
    public BatchFault Fault { readonly get; private set; }

    /// <summary>True when the bytes at <see cref="Position"/> cannot be the beginning of a batch.</summary>
    public readonly bool EndedCorrupt => Fault > BatchFault.Incomplete;

    /// <summary>Goes to the next batch. False at the end and at the first fault.</summary>
    public bool MoveNext()
    {
        if (Fault != BatchFault.None)
        {
            return false;
        }

        _position += _size;
        _size = 0;
        ReadOnlySpan<byte> rest = _bytes[_position..];
        if (rest.IsEmpty)
        {
            return false;
        }

        Fault = Frame(rest, out long size);
        if (Fault != BatchFault.None)
        {
            return false;
        }

        _size = (int)size;
        return true;
    }

    /// <summary>
    /// Judges the frame of the batch that begins with <paramref name="bytes"/>. The size, with its header, is given wherever the
    /// length field could be read and made sense, for an incomplete batch too, and is 0 otherwise.
    /// </summary>
    public static BatchFault Frame(ReadOnlySpan<byte> bytes, out long size)
    {
        size = 0;
        if (bytes.Length < RecordBatchHeader.LengthOverhead)
        {
            return BatchFault.Incomplete;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordBatchHeader.LengthAt..]);
        if (length < OldestRecordOverhead)
        {
            return BatchFault.LengthTooSmall;
        }

        if (length > int.MaxValue - RecordBatchHeader.LengthOverhead)
        {
            return BatchFault.LengthTooLarge;
        }

        size = (long)RecordBatchHeader.LengthOverhead + length;
        if (bytes.Length <= RecordBatchHeader.MagicAt)
        {
            return BatchFault.Incomplete;
        }

        byte magic = bytes[RecordBatchHeader.MagicAt];
        if (magic > RecordBatchHeader.CurrentMagic)
        {
            return BatchFault.UnknownMagic;
        }

        if (magic < RecordBatchHeader.CurrentMagic)
        {
            return BatchFault.OldFormat;
        }

        if (length < RecordBatchHeader.LengthMin)
        {
            return BatchFault.HeaderTooSmall;
        }

        return bytes.Length < size ? BatchFault.Incomplete : BatchFault.None;
    }

    /// <summary>A sentence about <see cref="Fault"/> with the values that were found, for a log line or an error message.</summary>
    public readonly string Describe()
    {
        ReadOnlySpan<byte> rest = _bytes[Math.Min(_position, _bytes.Length)..];
        int length = rest.Length >= RecordBatchHeader.LengthOverhead ? BinaryPrimitives.ReadInt32BigEndian(rest[RecordBatchHeader.LengthAt..]) : 0;
        return Fault switch
        {
            BatchFault.None => "no fault",
            BatchFault.Incomplete when rest.Length < RecordBatchHeader.LengthOverhead =>
                $"{rest.Length} bytes at position {_position} are too few for a batch's offset and length",
            BatchFault.Incomplete => $"the batch at position {_position} needs {(long)RecordBatchHeader.LengthOverhead + length} bytes, {rest.Length} are there",
            BatchFault.OldFormat => $"the batch at position {_position} is of the old format {rest[RecordBatchHeader.MagicAt]}; only format 2 is supported",
            BatchFault.LengthTooSmall or BatchFault.HeaderTooSmall =>
                $"the batch at position {_position} has length {length}, a batch has at least {RecordBatchHeader.LengthMin}",
            BatchFault.LengthTooLarge => $"the batch at position {_position} has length {length}, which is more than a batch can have",
            BatchFault.UnknownMagic => $"the batch at position {_position} has the unknown format {rest[RecordBatchHeader.MagicAt]}",
            _ => throw new InvariantViolationException($"no words for {Fault}"),
        };
    }
}
