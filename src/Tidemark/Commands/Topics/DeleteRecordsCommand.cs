using System.CommandLine;
using Tidemark.Client.Cluster;
using Tidemark.Client.Connections;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

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
            if (call.Get(before) is { } first)
            {
                await RequireAllReachAsync(call, chosen, first);
            }

            var listing = new Listing("partition", "first offset");
            foreach (TopicPartition partition in chosen)
            {
                // -1 stands for the high watermark.
                listing.Add(partition.Partition, await DeleteAsync(call, partition, call.Get(before) ?? -1));
            }

            listing.Write(call.Json, "The topic has no partitions.");
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>A partition that ends before the offset would be refused, after others have lost their records.</summary>
    private static async Task RequireAllReachAsync(ClusterCall call, TopicPartition[] partitions, long before)
    {
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> ends = await call.Cluster.ListOffsetsAsync(partitions.Select(p => KeyValuePair.Create(p, OffsetSpec.Latest)), call.Cancellation);
        foreach (TopicPartition partition in partitions)
        {
            ClusterCall.Require(ends[partition].Error, $"Looking up the end of {partition}", null);
            if (ends[partition].Offset < before)
            {
                throw new CommandException(ExitCode.Failed, $"--before {before}: {partition} ends at {ends[partition].Offset}, no later offset is allowed; nothing was deleted");
            }
        }
    }

    private static async Task<long> DeleteAsync(ClusterCall call, TopicPartition partition, long before)
    {
        BrokerConnection leader = await call.Cluster.ConnectToLeaderAsync(partition, call.Cancellation);
        var request = new DeleteRecordsRequest
        {
            TimeoutMs = call.TimeoutMs,
            Topics =
            [
                new DeleteRecordsRequest.DeleteRecordsTopic
                {
                    Name = partition.Topic,
                    Partitions = [new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = partition.Partition, Offset = before }],
                },
            ],
        };
        DeleteRecordsResponse response = await leader.SendAsync<DeleteRecordsResponse>(request, call.Timeout, call.Cancellation);
        DeleteRecordsResponse.DeleteRecordsPartitionResult result = response.Topics[0].Partitions[0];
        ClusterCall.Require(result.ErrorCode, $"Deleting records of {partition}", null);
        return result.LowWatermark;
    }
}
