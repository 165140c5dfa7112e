namespace Tidemark.Records.Validation;

/// <summary>Why one record of a produced batch is refused (KIP-467); the index counts from 0.</summary>
public readonly record struct RecordError(int BatchIndex, string Message);
