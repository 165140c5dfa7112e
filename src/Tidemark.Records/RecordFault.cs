namespace Tidemark.Records;

/// <summary>What is wrong with the records of a batch.</summary>
public enum RecordFault : byte
{
    None,

    /// <summary>The bytes end before the number of records that the batch says it has.</summary>
    TooFewRecords,

    /// <summary>Bytes are left after the number of records that the batch says it has.</summary>
    BytesLeft,

    /// <summary>The batch says it has a negative number of records, or more than its bytes can hold.</summary>
    InvalidCount,

    /// <summary>A record's length is negative or zero, or its bytes end elsewhere.</summary>
    InvalidLength,

    /// <summary>A variable-length number goes on past its last byte.</summary>
    InvalidNumber,

    /// <summary>A key, a value or a header reaches past its record.</summary>
    InvalidField,

    /// <summary>A number of headers is negative, or larger than the bytes that are left.</summary>
    InvalidHeaderCount,

    /// <summary>A header has no key.</summary>
    InvalidHeaderKey,

    /// <summary>The compressed bytes are not what the codec makes, or end too early.</summary>
    CorruptCompression,

    /// <summary>The codec bits name no codec.</summary>
    UnknownCodec,

    /// <summary>The codec's native library is not installed.</summary>
    CodecUnavailable,

    /// <summary>The records decompress to more than is allowed.</summary>
    TooLarge,
}
