using System.CommandLine;
using System.Globalization;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Reassignments;

/// <summary><c>tidemark reassign generate</c>: proposes a plan, which is written for <c>execute</c> to read.</summary>
internal static class GenerateCommand
{
    public static Command Define()
    {
        var topics = new Option<string[]>("--topic") { Description = "A topic whose partitions are to be spread; may be given again. By default all that are not internal.", HelpName = "NAME" };
        var brokers = new Option<string?>("--brokers") { Description = "The brokers to spread them over, numbers with commas between them; by default all that serve.", HelpName = "LIST" };
        var current = new Option<bool>("--current") { Description = "Write where the replicas are now: the way back." };
        var command = new ExampledCommand(
            "generate",
            "Write a plan that spreads topics over brokers and racks. Nothing is moved.",
            "tidemark reassign generate --topic orders --brokers 1,2,4 > plan.json",
            "tidemark reassign generate --current > before.json")
        {
            topics,
            brokers,
            current,
        };
        ClusterOptions.Attach(command, async call =>
        {
            string[] named = call.Get(topics) ?? [];
            ClusterMetadata metadata = await call.Cluster.RefreshAsync(named.Length > 0 ? named : null, cancellation: call.Cancellation);
            List<TopicInfo> chosen = [.. metadata.Topics.Values.Where(topic => named.Length > 0 ? named.Contains(topic.Name) : !topic.IsInternal).OrderBy(topic => topic.Name, StringComparer.Ordinal)];
            foreach (TopicInfo topic in chosen)
            {
                BrokerErrorException.ThrowIfError(topic.Error, $"Topic {topic.Name}");
            }

            IReadOnlyList<PartitionAssignment> plan = call.Get(current)
                ? [.. chosen.SelectMany(topic => topic.Partitions.Select(p => new PartitionAssignment(new TopicPartition(topic.Name, p.Partition), p.Replicas)))]
                : SpreadPlan.Of(chosen, Choose(metadata, call.Get(brokers)));
            PartitionAssignment.WriteLine(plan);
            return ExitCode.Success;
        });
        return command;
    }

    private static List<BrokerInfo> Choose(ClusterMetadata metadata, string? list)
    {
        if (list is null)
        {
            return [.. metadata.Brokers.Values];
        }

        var chosen = new List<BrokerInfo>();
        foreach (string text in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || chosen.Exists(b => b.Id.Value == id))
            {
                throw new CommandException(ExitCode.Usage, $"--brokers {list}: different numbers with commas between them are allowed");
            }

            chosen.Add(metadata.Brokers.TryGetValue(new BrokerId(id), out BrokerInfo? broker)
                ? broker
                : throw new CommandException(ExitCode.Failed, $"broker {id} does not serve; those that do: {string.Join(", ", metadata.Brokers.Keys.Select(k => k.Value).Order())}"));
        }

        return chosen;
    }
}
