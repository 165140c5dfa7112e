using System.CommandLine;
using System.Globalization;
using Tidemark.Client.Cluster;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary>Partitions chosen by <c>--topic</c>: <c>orders</c> for all of a topic's, <c>orders:0,3</c> for some.</summary>
internal static class TopicSelection
{
    public static Option<string[]> Option() => new("--topic", "-t")
    {
        Description = "A topic, or some of its partitions as TOPIC:0,3; may be given again.",
        HelpName = "TOPIC",
    };

    public static async Task<IReadOnlyList<TopicPartition>> ReadAsync(ClusterCall call, IEnumerable<string> chosen)
    {
        var partitions = new List<TopicPartition>();
        foreach (string text in chosen)
        {
            int colon = text.LastIndexOf(':');
            TopicInfo topic = await call.Cluster.TopicAsync(colon < 0 ? text : text[..colon], cancellation: call.Cancellation);
            int[] numbers = colon < 0
                ? [.. topic.Partitions.Select(p => p.Partition)]
                : [.. text[(colon + 1)..].Split(',').Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                    ? topic.Partition(number).Partition
                    : throw new CommandException(ExitCode.Usage, $"--topic {text}: partitions are numbers with commas between them"))];
            partitions.AddRange(numbers.Select(n => new TopicPartition(topic.Name, n)));
        }

        return [.. partitions.Distinct()];
    }
}
