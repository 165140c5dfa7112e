using System.Buffers.Binary;

namespace Tidemark.Client.Producing;

/// <summary>
/// MurmurHash2 by Austin Appleby, 32 bits, with the seed that Kafka's Java producer uses: records with equal keys go to the same
/// partition whichever client wrote them.
/// </summary>
public static class Murmur2
{
    private const uint Seed = 0x9747_B28C;
    private const uint Multiplier = 0x5BD1_E995;

    public static int Hash(ReadOnlySpan<byte> bytes)
    {
        uint hash = Seed ^ (uint)bytes.Length;
        for (; bytes.Length >= sizeof(uint); bytes = bytes[sizeof(uint)..])
        {
            uint block = BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Multiplier;
            block ^= block >> 24;
            hash = (hash * Multiplier) ^ (block * Multiplier);
        }

        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            hash ^= (uint)bytes[i] << (8 * i);
        }

        if (!bytes.IsEmpty)
        {
            hash *= Multiplier;
        }

        hash ^= hash >> 13;
        hash *= Multiplier;
        return (int)(hash ^ (hash >> 15));
    }

    /// <summary>The partition of a key among so many.</summary>
    public static int PartitionOf(ReadOnlySpan<byte> key, int partitionCount) => (Hash(key) & int.MaxValue) % partitionCount;
}
