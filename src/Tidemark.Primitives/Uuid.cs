using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Tidemark.Primitives;

/// <summary>
/// A 128-bit id as Kafka writes it: 16 bytes big-endian on the wire, 22 characters of URL-safe base64 without padding as text.
/// </summary>
public readonly record struct Uuid(ulong High, ulong Low) : IComparable<Uuid>
{
    /// <summary>The id that means "no id".</summary>
    public static readonly Uuid Zero = default;

    /// <summary>The topic id of the metadata log (KIP-516).</summary>
    public static readonly Uuid Metadata = new(0, 1);

    public bool IsZero => High == 0 && Low == 0;

    public static Uuid Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    /// <summary>A version 4 id (RFC 9562) out of 16 random bytes that the caller brings.</summary>
    public static Uuid FromRandom(ReadOnlySpan<byte> random16)
    {
        Uuid raw = Read(random16);
        return new Uuid((raw.High & ~0xF000UL) | 0x4000UL, (raw.Low & 0x3FFF_FFFF_FFFF_FFFFUL) | 0x8000_0000_0000_0000UL);
    }

    /// <summary>Reads the 22-character form. False when the text is not one.</summary>
    public static bool TryParse(string? text, out Uuid id)
    {
        Span<byte> bytes = stackalloc byte[18];
        if (text is { Length: 22 } && Base64Url.DecodeFromChars(text, bytes, out _, out int written) == OperationStatus.Done && written == 16)
        {
            id = Read(bytes);
            return true;
        }

        id = default;
        return false;
    }

    public int CompareTo(Uuid other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
