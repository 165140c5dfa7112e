using System.Buffers.Binary;
using Tidemark.Primitives;

namespace Tidemark.Records;

/// <summary>
/// Control records: the key is a version (int16, 0) and a <see cref="ControlRecordType"/> (int16), the value a message of that type.
/// Only a transaction's marker is understood here; the others' values are messages of the protocol, taken and given as bytes.
/// </summary>
public static class ControlRecord
{
    public const int KeySize = 4;

    private const short KeyVersion = 0;
    private const short MarkerVersion = 0;
    private const int MarkerSize = 6;

    /// <summary>Reads the type out of a control record's key. False when it is none; Unknown for a type that this version does not know.</summary>
    public static bool TryReadType(RecordBytes key, out ControlRecordType type)
    {
        type = ControlRecordType.Unknown;
        if (key.Length < KeySize || BinaryPrimitives.ReadInt16BigEndian(key.Span) < 0)
        {
            return false;
        }

        short number = BinaryPrimitives.ReadInt16BigEndian(key.Span[2..]);
        type = number is >= (short)ControlRecordType.Abort and <= (short)ControlRecordType.KRaftVoters ? (ControlRecordType)number : ControlRecordType.Unknown;
        return true;
    }

    /// <summary>Reads the transaction coordinator's epoch out of a commit's or abort's value (an EndTxnMarker, of version 0 or later).</summary>
    internal static bool TryReadMarker(RecordBytes value, out int coordinatorEpoch)
    {
        coordinatorEpoch = -1;
        if (value.Length < MarkerSize || BinaryPrimitives.ReadInt16BigEndian(value.Span) < 0)
        {
            return false;
        }

        coordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(value.Span[2..]);
        return true;
    }

    public static void WriteKey(Span<byte> key, ControlRecordType type)
    {
        BinaryPrimitives.WriteInt16BigEndian(key, KeyVersion);
        BinaryPrimitives.WriteInt16BigEndian(key[2..], (short)type);
    }

    /// <summary>Appends a control record with the encoded message of its type to a control batch.</summary>
    public static void AppendControl(this RecordBatchBuilder builder, ControlRecordType type, long timestamp, ReadOnlySpan<byte> value)
    {
        Span<byte> key = stackalloc byte[KeySize];
        WriteKey(key, type);
        builder.Append(timestamp, key, value);
    }

    /// <summary>Appends the marker that ends a transaction to a control batch, which must also be transactional and name the producer.</summary>
    public static void AppendMarker(this RecordBatchBuilder builder, bool commit, long timestamp, int coordinatorEpoch)
    {
        Span<byte> value = stackalloc byte[MarkerSize];
        BinaryPrimitives.WriteInt16BigEndian(value, MarkerVersion);
        BinaryPrimitives.WriteInt32BigEndian(value[2..], coordinatorEpoch);
        builder.AppendControl(commit ? ControlRecordType.Commit : ControlRecordType.Abort, timestamp, value);
    }

    /// <summary>The header fields of a transaction's marker.</summary>
    public static RecordBatchOptions MarkerOptions(ProducerId producerId, short producerEpoch) => new()
    {
        ProducerId = producerId,
        ProducerEpoch = producerEpoch,
        IsTransactional = true,
        IsControl = true,
    };
}
