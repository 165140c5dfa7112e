using System.Runtime.CompilerServices;

namespace Tidemark.Records.Validation;

/// <summary>What validation looks at in a record; read without touching key, value or headers beyond their lengths.</summary>
internal struct RecordShape
{
    public long TimestampDelta;
    public int OffsetDelta;
    public bool HasKey;

    /// <summary>Reads a record without its length, which must be filled exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordFault Read(ReadOnlySpan<byte> body, ref RecordShape shape)
    {
        int at = 1;
        if (!SignedVarInt.TryReadLong(body, ref at, out shape.TimestampDelta)
            || !SignedVarInt.TryRead(body, ref at, out shape.OffsetDelta)
            || !SignedVarInt.TryRead(body, ref at, out int keyLength))
        {
            return RecordFault.InvalidNumber;
        }

        shape.HasKey = keyLength >= 0;
        if (keyLength > body.Length - at)
        {
            return RecordFault.InvalidField;
        }

        at += Math.Max(keyLength, 0);
        if (!SignedVarInt.TryRead(body, ref at, out int valueLength))
        {
            return RecordFault.InvalidNumber;
        }

        if (valueLength > body.Length - at)
        {
            return RecordFault.InvalidField;
        }

        at += Math.Max(valueLength, 0);
        if (!SignedVarInt.TryRead(body, ref at, out int headers))
        {
            return RecordFault.InvalidNumber;
        }

        if (headers != 0)
        {
            RecordFault fault = SkipHeaders(body, ref at, headers);
            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        return at == body.Length ? RecordFault.None : RecordFault.InvalidLength;
    }

    private static RecordFault SkipHeaders(ReadOnlySpan<byte> body, ref int at, int headers)
    {
        if (headers < 0 || headers > body.Length - at)
        {
            return RecordFault.InvalidHeaderCount;
        }

        for (int i = 0; i < headers; i++)
        {
            RecordFault fault = RecordReader.TryReadHeader(body, ref at, out _, out _);
            if (fault != RecordFault.None)
            {
                return fault;
            }
        }

        return RecordFault.None;
    }
}
