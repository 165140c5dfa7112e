using System.Globalization;
using Tidemark.Client.Cluster;
using Tidemark.Client.Groups;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary>Where offsets are to be moved to.</summary>
/// <param name="Offsets">By partition, for those read from a file.</param>
internal sealed record OffsetMove(OffsetSpec? At = null, long? To = null, long? By = null, bool Stays = false, IReadOnlyDictionary<TopicPartition, long>? Offsets = null)
{
    /// <summary>Reads lines of topic, partition and offset with commas between them, as Kafka's tool exports them.</summary>
    public static IReadOnlyDictionary<TopicPartition, long> ReadFile(string path)
    {
        var offsets = new Dictionary<TopicPartition, long>();
        foreach ((int number, string line) in Lines(path).Index())
        {
            string[] cells = [.. line.Split(',').Select(c => c.Trim().Trim('"'))];
            if (line.Trim().Length == 0)
            {
                continue;
            }

            if (cells.Length != 3
                || !int.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                || !long.TryParse(cells[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
            {
                throw new CommandException(ExitCode.Usage, $"{path}, line {number + 1}: TOPIC,PARTITION,OFFSET is expected, not {line}");
            }

            offsets[new TopicPartition(cells[0], partition)] = offset;
        }

        return offsets;
    }

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Usage, $"--from-file {path}: {(path.Length == 0 ? "no file is named" : failure.Message)}");
        }
    }

    /// <summary>The new offset of each partition, within what its log has.</summary>
    public async Task<IReadOnlyList<(TopicPartition Partition, long? From, long To, long End)>> PlanAsync(
        ClusterCall call, IReadOnlyList<TopicPartition> partitions, IReadOnlyDictionary<TopicPartition, GroupOffset> committed)
    {
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> first = await Find(call, partitions, OffsetSpec.Earliest);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends = await Find(call, partitions, OffsetSpec.Latest);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> found = At is { } at ? await Find(call, partitions, at) : ends;
        var plan = new List<(TopicPartition, long?, long, long)>();
        foreach (TopicPartition partition in partitions)
        {
            long? from = committed.TryGetValue(partition, out GroupOffset known) ? known.Offset : null;
            long end = ends[partition].Offset;
            if (By is not null && from is null)
            {
                throw new CommandException(ExitCode.Failed, $"{partition}: the group has committed nothing that could be shifted");
            }

            // A time after all records means their end, as does staying where nothing was committed.
            long to = Offsets?[partition] ?? To ?? from + By ?? (Stays ? from ?? end : found[partition].Offset is >= 0 and var offset ? offset : end);
            plan.Add((partition, from, Math.Clamp(to, first[partition].Offset, end), end));
        }

        return plan;
    }

    private static async Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> Find(ClusterCall call, IEnumerable<TopicPartition> partitions, OffsetSpec spec)
    {
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> found = await call.Cluster.ListOffsetsAsync(partitions.Select(p => KeyValuePair.Create(p, spec)), call.Cancellation);
        foreach ((TopicPartition partition, OffsetAnswer answer) in found)
        {
            ClusterCall.Require(answer.Error, $"Looking up an offset of {partition}", null);
        }

        return found;
    }
}
