namespace Tidemark.Storage.Segments;

/// <summary>What the listing of a directory says of a segment's files; -1 for an index that is absent.</summary>
internal readonly record struct SegmentLengths(int Log, long OffsetIndex, long TimeIndex, long TransactionIndex)
{
    public static readonly SegmentLengths Empty = new(0, 0, 0, -1);

    public int OffsetEntries => (int)(Math.Max(OffsetIndex, 0) / Segments.OffsetIndex.EntryBytes);

    public int TimeEntries => (int)(Math.Max(TimeIndex, 0) / Segments.TimeIndex.EntryBytes);

    public int TransactionEntries => (int)(Math.Max(TransactionIndex, 0) / Segments.TransactionIndex.EntryBytes);

    /// <summary>Whether the two indexes that every segment has are there, and all consist of whole entries.</summary>
    public bool HasWholeIndexes =>
        OffsetIndex >= 0 && TimeIndex >= 0
        && OffsetIndex % Segments.OffsetIndex.EntryBytes == 0 && TimeIndex % Segments.TimeIndex.EntryBytes == 0
        && (TransactionIndex < 0 || TransactionIndex % Segments.TransactionIndex.EntryBytes == 0);
}
