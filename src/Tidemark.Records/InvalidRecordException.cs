namespace Tidemark.Records;

/// <summary>
/// The records of a batch that was accepted once cannot be read: thrown by readers that have no better answer than to give up.
/// Where bad bytes are expected, as in Produce, <see cref="RecordFault"/> is a value.
/// </summary>
public sealed class InvalidRecordException(RecordFault fault, string message) : Exception(message)
{
    public RecordFault Fault { get; } = fault;
}
