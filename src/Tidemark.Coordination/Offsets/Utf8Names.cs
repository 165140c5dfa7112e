using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tidemark.Coordination.Offsets;

/// <summary>Lets names be found by their UTF-8 bytes, as they stand in a log, without making a string of them.</summary>
internal sealed class Utf8Names : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
{
    private const int OnStackMax = 512;

    public static readonly Utf8Names Ordinal = new();

    private Utf8Names()
    {
    }

    public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

    public int GetHashCode(string name)
    {
        Span<byte> bytes = stackalloc byte[OnStackMax];
        return Utf8.FromUtf16(name, bytes, out _, out int written) == OperationStatus.Done
            ? GetHashCode(bytes[..written])
            : GetHashCode(Encoding.UTF8.GetBytes(name));
    }

    public bool Equals(ReadOnlySpan<byte> utf8, string name)
    {
        if (utf8.Length == name.Length)
        {
            // Only ASCII has as many bytes as characters.
            return Ascii.Equals(utf8, name);
        }

        return utf8.Length > name.Length && Encoding.UTF8.GetByteCount(name) == utf8.Length && Encoding.UTF8.GetBytes(name).AsSpan().SequenceEqual(utf8);
    }

    public int GetHashCode(ReadOnlySpan<byte> utf8)
    {
        var hash = default(HashCode);
        hash.AddBytes(utf8);
        return hash.ToHashCode();
    }

    public string Create(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
