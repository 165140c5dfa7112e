using System.Globalization;
using Tidemark.Primitives;

namespace Tidemark.Broker.Quorum;

/// <summary>A snapshot of the metadata: everything below an offset, and the epoch of the last record below it. It is the file's name.</summary>
internal readonly record struct SnapshotId(Offset EndOffset, LeaderEpoch Epoch) : IComparable<SnapshotId>
{
    public const string Suffix = ".checkpoint";

    /// <summary>What the file is called while it is written.</summary>
    public const string PartialSuffix = ".checkpoint.part";

    private const int OffsetDigits = 20;
    private const int EpochDigits = 10;

    public string FileName => string.Create(CultureInfo.InvariantCulture, $"{EndOffset.Value:D20}-{Epoch.Value:D10}{Suffix}");

    public static bool TryParse(string fileName, out SnapshotId id)
    {
        id = default;
        if (fileName.Length != OffsetDigits + 1 + EpochDigits + Suffix.Length
            || !fileName.EndsWith(Suffix, StringComparison.Ordinal)
            || fileName[OffsetDigits] != '-'
            || !long.TryParse(fileName.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            || !int.TryParse(fileName.AsSpan(OffsetDigits + 1, EpochDigits), NumberStyles.None, CultureInfo.InvariantCulture, out int epoch))
        {
            return false;
        }

        id = new SnapshotId(new Offset(offset), new LeaderEpoch(epoch));
        return true;
    }

    public int CompareTo(SnapshotId other) => EndOffset != other.EndOffset ? EndOffset.CompareTo(other.EndOffset) : Epoch.CompareTo(other.Epoch);
}
