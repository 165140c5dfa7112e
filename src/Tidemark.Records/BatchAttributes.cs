namespace Tidemark.Records;

/// <summary>The bits of a batch's attributes (KIP-98, KIP-354 for the delete horizon).</summary>
[Flags]
public enum BatchAttributes : short
{
    None = 0,
    CodecMask = 0x07,
    LogAppendTime = 0x08,
    Transactional = 0x10,
    Control = 0x20,
    DeleteHorizon = 0x40,

    /// <summary>Everything that has a meaning; Kafka accepts the other bits from clients and drops them when it writes the attributes anew.</summary>
    Known = CodecMask | LogAppendTime | Transactional | Control | DeleteHorizon,
}
