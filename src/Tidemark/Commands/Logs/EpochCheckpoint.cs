using System.Globalization;

namespace Tidemark.Commands.Logs;

/// <summary><c>leader-epoch-checkpoint</c>, read for a check: a version, a count, and one line of epoch and start offset each.</summary>
internal static class EpochCheckpoint
{
    public static IEnumerable<string> Problems(string directory, IReadOnlyList<SegmentReport> segments)
    {
        string file = Path.Combine(directory, "leader-epoch-checkpoint");
        if (!File.Exists(file))
        {
            yield break;
        }

        string[] lines = File.ReadAllLines(file);
        if (lines.Length < 2 || lines[0].Trim() != "0" || !int.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count) || lines.Length - 2 < count)
        {
            yield return $"{file}: not a checkpoint of version 0 with as many lines as it says";
            yield break;
        }

        (int Epoch, long Start) before = (-1, -1);
        foreach (string line in lines.Skip(2).Take(count))
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int epoch)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long start)
                || epoch <= before.Epoch || start < before.Start)
            {
                yield return $"{file}: \"{line}\" is no epoch and offset above the ones before";
                yield break;
            }

            before = (epoch, start);
        }

        if (segments[^1].LastEpoch > before.Epoch)
        {
            yield return $"{file}: ends at epoch {before.Epoch}, the log at {segments[^1].LastEpoch}";
        }

        if (before.Start > segments[^1].NextOffset)
        {
            yield return $"{file}: epoch {before.Epoch} begins at {before.Start}, the log ends before {segments[^1].NextOffset}";
        }
    }
}
