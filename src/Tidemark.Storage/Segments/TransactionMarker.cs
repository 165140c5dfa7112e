using System.Buffers.Binary;

namespace Tidemark.Storage.Segments;

/// <summary>The end of a transaction as a control record tells it: aborted or committed, and by which coordinator.</summary>
internal readonly record struct TransactionMarker(bool Aborts, int CoordinatorEpoch)
{
    private const short AbortType = 0;
    private const short CommitType = 1;

    /// <summary>Reads the one record of a control batch. False when it is of another kind, damaged, or was compacted away.</summary>
    public static bool TryRead(ReadOnlySpan<byte> batch, out TransactionMarker marker)
    {
        marker = default;
        ReadOnlySpan<byte> rest = batch[BatchHead.Bytes..];
        if (new BatchHead(batch).RecordCount < 1
            || !TakeVarint(ref rest, out _)
            || rest.IsEmpty)
        {
            return false;
        }

        rest = rest[1..];
        if (!TakeVarint(ref rest, out _) || !TakeVarint(ref rest, out _)
            || !TakeVarint(ref rest, out long keyBytes) || keyBytes < 4 || keyBytes > rest.Length)
        {
            return false;
        }

        short type = BinaryPrimitives.ReadInt16BigEndian(rest[2..]);
        rest = rest[(int)keyBytes..];
        if (type is not (AbortType or CommitType) || !TakeVarint(ref rest, out long valueBytes) || valueBytes < 6 || valueBytes > rest.Length)
        {
            return false;
        }

        marker = new TransactionMarker(type == AbortType, BinaryPrimitives.ReadInt32BigEndian(rest[2..]));
        return true;
    }

    private static bool TakeVarint(ref ReadOnlySpan<byte> bytes, out long value)
    {
        ulong raw = 0;
        for (int i = 0; i < bytes.Length && i < 10; i++)
        {
            raw |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] < 0x80)
            {
                value = (long)(raw >> 1) ^ -(long)(raw & 1);
                bytes = bytes[(i + 1)..];
                return true;
            }
        }

        value = 0;
        return false;
    }
}
