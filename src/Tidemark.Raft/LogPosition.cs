using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// An end of the metadata log, or of a snapshot of it: the offset after the last record and the epoch of that record. Of two logs the one with the
/// later last epoch is the more complete, and with the same epoch the longer one.
/// </summary>
public readonly record struct LogPosition(Offset EndOffset, LeaderEpoch Epoch) : IComparable<LogPosition>
{
    /// <summary>The end of an empty log.</summary>
    public static LogPosition Empty { get; } = new(Offset.Zero, new LeaderEpoch(0));

    public static bool operator <(LogPosition a, LogPosition b) => a.CompareTo(b) < 0;

    public static bool operator >(LogPosition a, LogPosition b) => a.CompareTo(b) > 0;

    public static bool operator <=(LogPosition a, LogPosition b) => a.CompareTo(b) <= 0;

    public static bool operator >=(LogPosition a, LogPosition b) => a.CompareTo(b) >= 0;

    public int CompareTo(LogPosition other) => Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : EndOffset.CompareTo(other.EndOffset);

    public override string ToString() => $"{EndOffset}@{Epoch}";
}
