using System.Buffers.Binary;

namespace Tidemark.Broker.Partitions;

/// <summary>Compares topic names as the bytes in which requests carry them, so that a lookup needs no string.</summary>
internal sealed class Utf8NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly Utf8NameComparer Instance = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] name) => Hash(name);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => Hash(alternate);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

    /// <summary>The same in every run, unlike the runtime's own hashes: nothing a simulation does may depend on the process.</summary>
    private static int Hash(ReadOnlySpan<byte> name)
    {
        const ulong Prime = 0x9E37_79B9_7F4A_7C15;
        ulong hash = (ulong)name.Length * Prime;
        while (name.Length >= 8)
        {
            hash = (hash ^ BinaryPrimitives.ReadUInt64LittleEndian(name)) * Prime;
            hash ^= hash >> 32;
            name = name[8..];
        }

        foreach (byte b in name)
        {
            hash = (hash ^ b) * Prime;
        }

        return (int)(hash >> 32);
    }
}
