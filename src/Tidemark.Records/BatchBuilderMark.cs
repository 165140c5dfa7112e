namespace Tidemark.Records;

/// <summary>How far a batch that is being made was at some time. Made by <see cref="RecordBatchBuilder.Mark"/>.</summary>
/// <param name="Count">Its records.</param>
/// <param name="Length">Its bytes without compression.</param>
/// <param name="BaseTimestamp">Of the first record.</param>
/// <param name="MaxTimestamp">The latest.</param>
/// <param name="LastOffset">Of the last record.</param>
public readonly record struct BatchBuilderMark(int Count, int Length, long BaseTimestamp, long MaxTimestamp, long LastOffset);
