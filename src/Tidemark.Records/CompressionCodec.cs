namespace Tidemark.Records;

/// <summary>How the records of a batch are compressed; the numbers stand in the lowest three bits of the batch's attributes.</summary>
public enum CompressionCodec : byte
{
    None = 0,
    Gzip = 1,
    Snappy = 2,
    Lz4 = 3,

    /// <summary>KIP-110: in Produce from version 7 and in Fetch from version 10.</summary>
    Zstd = 4,
}
