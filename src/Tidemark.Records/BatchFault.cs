namespace Tidemark.Records;

/// <summary>Why a walk over batches ended.</summary>
public enum BatchFault : byte
{
    /// <summary>It did not, or it came to the end of the bytes.</summary>
    None,

    /// <summary>The bytes end within a batch, as they do in a fetch that was cut or a log that was torn.</summary>
    Incomplete,

    /// <summary>Magic 0 or 1: a message set of before Kafka 0.11, which Kafka 4 and this broker no longer take; logs may hold them (<see cref="StoredBatch"/>).</summary>
    OldFormat,

    /// <summary>The length field says less than the smallest record of any format needs; a tail of zeros looks like this.</summary>
    LengthTooSmall,

    /// <summary>The length field says less than a v2 header needs.</summary>
    HeaderTooSmall,

    /// <summary>The length field says more than can be addressed.</summary>
    LengthTooLarge,

    /// <summary>A format that does not exist.</summary>
    UnknownMagic,
}
