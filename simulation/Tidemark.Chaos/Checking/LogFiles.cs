using System.Globalization;

namespace Tidemark.Chaos.Checking;

/// <summary>What a stopped node's log directories hold, as the names and the small text files in them say.</summary>
internal static class LogFiles
{
    private const string RecoveryPoints = "recovery-point-offset-checkpoint";
    private const string HighWatermarks = "replication-offset-checkpoint";
    private const int CheckpointHeadLines = 2;

    /// <summary>The directory of a partition's log, null where there is none.</summary>
    public static string? DirectoryOf(IEnumerable<string> logDirectories, string topic, int partition) =>
        logDirectories.Select(directory => Path.Combine(directory, $"{topic}-{partition}")).FirstOrDefault(Directory.Exists);

    /// <summary>The segments of a log in the order of their offsets.</summary>
    public static IReadOnlyList<string> SegmentsOf(string log) => [.. Directory.GetFiles(log, "*.log").Order(StringComparer.Ordinal)];

    public static long HighWatermarkOf(IEnumerable<string> logDirectories, string topic, int partition) =>
        logDirectories.Select(directory => Checkpoint(directory, HighWatermarks, topic, partition)).Max();

    public static long RecoveryPointOf(string logDirectory, string topic, int partition) => Checkpoint(logDirectory, RecoveryPoints, topic, partition);

    /// <summary>An offset from a file of lines "topic partition offset", 0 where it is not in it.</summary>
    private static long Checkpoint(string directory, string file, string topic, int partition)
    {
        string path = Path.Combine(directory, file);
        string begin = $"{topic} {partition} ";
        string? line = File.Exists(path) ? File.ReadLines(path).Skip(CheckpointHeadLines).FirstOrDefault(line => line.StartsWith(begin, StringComparison.Ordinal)) : null;
        return line is null ? 0 : long.Parse(line.AsSpan(begin.Length), CultureInfo.InvariantCulture);
    }
}
