namespace Tidemark.Records.Legacy;

/// <summary>The CRC-32 of zlib (polynomial 0xEDB88320), which messages of formats 0 and 1 carry; batches of today have CRC-32C.</summary>
internal static class Crc32
{
    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(OfByte)];

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in bytes)
        {
            crc = s_table[(byte)crc ^ one] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint OfByte(int value)
    {
        uint crc = (uint)value;
        for (int bit = 0; bit < 8; bit++)
        {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
        }

        return crc;
    }
}
