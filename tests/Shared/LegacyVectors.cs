namespace Tidemark.Tests.Shared;

/// <summary>
/// Message sets of formats 0 and 1 in every codec, written by the classes of Apache Kafka 4.3, with the records as those read them back:
/// <c>offset timestamp 'key' 'value';</c>, a dash for null. Each goes on where the one before ends.
/// </summary>
internal static class LegacyVectors
{
    public static IReadOnlyList<LegacyVector> All { get; } =
    [
        .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "TestData", "legacy.tsv"))
            .Select(line => line.Split('\t'))
            .Select(cells => new LegacyVector(cells[0], Convert.FromHexString(cells[1]), cells[2].Split(';', StringSplitOptions.RemoveEmptyEntries))),
    ];

    /// <summary>All of them one behind another, as a segment holds them.</summary>
    public static byte[] Segment => [.. All.SelectMany(vector => vector.Bytes)];
}

internal sealed record LegacyVector(string Name, byte[] Bytes, string[] Records);
