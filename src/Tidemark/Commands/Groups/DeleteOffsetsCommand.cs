using System.CommandLine;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups delete-offsets</c></summary>
internal static class DeleteOffsetsCommand
{
    public static Command Define()
    {
        Argument<string> name = GroupsCommand.Name();
        Option<string[]> topics = TopicSelection.Option();
        topics.Required = true;
        var command = new ExampledCommand(
            "delete-offsets",
            "Forget how far a group has read topics that none of its members reads.",
            "tidemark groups delete-offsets billing --topic orders:0,1")
        {
            name,
            topics,
        };
        ClusterOptions.Attach(command, async call =>
        {
            IReadOnlyList<TopicPartition> partitions = await TopicSelection.ReadAsync(call, call.Get(topics) ?? []);
            IReadOnlyDictionary<TopicPartition, ErrorCode> refused = await call.Cluster.DeleteOffsetsAsync(call.Get(name), partitions, call.Cancellation);
            var listing = new Listing("topic", "partition", "deleted", "error");
            foreach (TopicPartition partition in partitions)
            {
                ErrorCode error = refused.GetValueOrDefault(partition);
                listing.Add(partition.Topic, partition.Partition, error == ErrorCode.None, error == ErrorCode.None ? null : error.KafkaName());
            }

            listing.Write(call.Json, "No partitions were named.");
            return refused.Count == 0 ? ExitCode.Success : throw new CommandException(ExitCode.Failed, $"{refused.Count} of {partitions.Count} offsets could not be deleted");
        });
        return command;
    }
}
