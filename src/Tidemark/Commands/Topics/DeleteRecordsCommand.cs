using System.CommandLine;
using Tidemark.Client.Cluster;
using Tidemark.Client.Topics;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics delete-records</c></summary>
internal static class DeleteRecordsCommand
{
    public static Command Define()
    {
        Argument<string> name = TopicsCommand.Name();
        var partitions = new Option<int[]>("--partition", "-p") { Description = "Which partition; may be given again. All of them by default.", HelpName = "N" }.From(0);
        var before = new Option<long?>("--before") { Description = "The first offset that stays.", HelpName = "OFFSET" }.From(0);
        var all = new Option<bool>("--all") { Description = "Delete every record there is now." };
        var command = new ExampledCommand(
            "delete-records",
            "Delete the oldest records of a topic's partitions, up to an offset.",
            "tidemark topics delete-records orders --partition 0 --before 1000",
            "tidemark topics delete-records orders --all")
        {
            name,
            partitions,
            before,
            all,
        };
        ClusterOptions.Attach(command, async call =>
        {
            if (call.Get(before) is null == !call.Get(all))
            {
                throw new CommandException(ExitCode.Usage, "either --before OFFSET or --all says what to delete");
            }

            TopicInfo topic = await call.Cluster.TopicAsync(call.Get(name), cancellation: call.Cancellation);
            TopicPartition[] chosen = PartitionChoice.Of(topic, call.Get(partitions));
            IReadOnlyDictionary<TopicPartition, long> limits = await LimitsAsync(call, chosen, call.Get(before));
            IReadOnlyDictionary<TopicPartition, long> left = await call.Cluster.DeleteRecordsAsync(limits, call.Timeout, call.Cancellation);
            var listing = new Listing("partition", "first offset");
            foreach (TopicPartition partition in chosen)
            {
                listing.Add(partition.Partition, left[partition]);
            }

            listing.Write(call.Json, "The topic has no partitions.");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>The first offset that stays in each partition: the one given, or the end. One that ends before it would be refused, after others have lost their records.</summary>
    private static async Task<IReadOnlyDictionary<TopicPartition, long>> LimitsAsync(ClusterCall call, TopicPartition[] partitions, long? before)
    {
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends = await call.Cluster.ListOffsetsAsync(partitions.Select(p => KeyValuePair.Create(p, OffsetSpec.Latest)), call.Cancellation);
        var limits = new Dictionary<TopicPartition, long>();
        foreach (TopicPartition partition in partitions)
        {
            ClusterCall.Require(ends[partition].Error, $"Looking up the end of {partition}", null);
            if (ends[partition].Offset < before)
            {
                throw new CommandException(ExitCode.Failed, $"--before {before}: {partition} ends at {ends[partition].Offset}, no later offset is allowed; nothing was deleted");
            }

            limits[partition] = before ?? ends[partition].Offset;
        }

        return limits;
    }
}
