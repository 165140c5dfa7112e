using System.Globalization;

namespace Tidemark.Storage.Segments;

/// <summary>The names of a segment's files: the base offset in twenty digits, and what the file is.</summary>
internal static class SegmentNames
{
    public const string Log = ".log";
    public const string OffsetIndex = ".index";
    public const string TimeIndex = ".timeindex";
    public const string TransactionIndex = ".txnindex";

    /// <summary>Compaction is writing it; worthless when found at start.</summary>
    public const string Cleaned = ".cleaned";

    /// <summary>Compaction finished it and was putting it in place; to be put in place when found at start.</summary>
    public const string Swap = ".swap";

    /// <summary>Renamed to be removed.</summary>
    public const string Deleted = ".deleted";

    private const int Digits = 20;

    public static string Of(string directory, long offset, string suffix) =>
        Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"{offset:D20}{suffix}"));

    /// <summary>Splits a name into offset and suffix. False for files that belong to no segment.</summary>
    public static bool TryParse(ReadOnlySpan<char> name, out long offset, out ReadOnlySpan<char> suffix)
    {
        offset = 0;
        suffix = default;
        if (name.Length <= Digits || name[Digits] != '.'
            || !long.TryParse(name[..Digits], NumberStyles.None, CultureInfo.InvariantCulture, out offset))
        {
            return false;
        }

        suffix = name[Digits..];
        return true;
    }
}
