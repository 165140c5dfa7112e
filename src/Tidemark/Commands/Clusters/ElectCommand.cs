using System.CommandLine;
using Tidemark.Client.Cluster;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark elect</c>: gives partitions another leader.</summary>
internal static class ElectCommand
{
    private const sbyte Preferred = 0;
    private const sbyte Unclean = 1;

    public static Command Define() => new ExampledCommand(
        "elect",
        "Elect leaders of partitions.",
        "tidemark elect preferred",
        "tidemark elect unclean --topic orders --partition 3")
    {
        Kind(
            "preferred",
            Preferred,
            "Give partitions back to the first of their replicas, where that is in sync.",
            "tidemark elect preferred",
            "tidemark elect preferred --topic orders"),
        Kind(
            "unclean",
            Unclean,
            "Give partitions without a leader to any replica that lives. What only the others have is lost.",
            "tidemark elect unclean --topic orders --partition 3"),
    };

    private static Command Kind(string name, sbyte kind, string description, params string[] examples)
    {
        var topic = new Option<string?>("--topic") { Description = kind == Unclean ? "The topic." : "Only this topic's partitions; by default all.", HelpName = "NAME", Required = kind == Unclean };
        var partitions = new Option<int[]>("--partition", "-p") { Description = "One of its partitions; may be given again. By default all of them.", HelpName = "N" }.From(0);
        var command = new ExampledCommand(name, description, examples) { topic, partitions };
        ClusterOptions.Attach(command, async call =>
        {
            var request = new ElectLeadersRequest { ElectionType = kind, TimeoutMs = call.TimeoutMs, TopicPartitions = null };
            if (call.Get(topic) is { } only)
            {
                TopicInfo info = await call.Cluster.TopicAsync(only, cancellation: call.Cancellation);
                request.TopicPartitions = [new() { Topic = only, Partitions = [.. PartitionChoice.Of(info, call.Get(partitions)).Select(p => p.Partition)] }];
            }
            else if (call.Get(partitions) is { Length: > 0 })
            {
                throw new CommandException(ExitCode.Usage, "--partition is for one topic: say --topic too");
            }

            ElectLeadersResponse response = await call.Cluster.SendToControllerAsync<ElectLeadersResponse>(request, r => r.ErrorCode, call.Timeout, call.Cancellation);
            ClusterCall.Require(response.ErrorCode, "Electing leaders", null);
            return Write(call, response);
        });
        return command;
    }

    private static int Write(ClusterCall call, ElectLeadersResponse response)
    {
        var results = new Listing("topic", "partition", "outcome", "error");
        bool failed = false;
        foreach (ElectLeadersResponse.ReplicaElectionResult topic in response.ReplicaElectionResults.OrderBy(r => r.Topic, StringComparer.Ordinal))
        {
            foreach (ElectLeadersResponse.PartitionResult partition in topic.PartitionResult.OrderBy(p => p.PartitionId))
            {
                string outcome = partition.ErrorCode switch
                {
                    ErrorCode.None => "elected",

                    // The partition has the leader that it should have.
                    ErrorCode.ElectionNotNeeded => "not needed",
                    _ => "failed",
                };
                failed |= outcome == "failed";
                results.Add(topic.Topic, partition.PartitionId, outcome, outcome == "failed" ? Reason(partition) : null);
            }
        }

        results.Write(call.Json, "Nothing had to be elected.");
        return failed ? ExitCode.Failed : ExitCode.Success;
    }

    private static string Reason(ElectLeadersResponse.PartitionResult partition) =>
        partition.ErrorCode.KafkaName() + (string.IsNullOrEmpty(partition.ErrorMessage) ? "" : $" ({partition.ErrorMessage})");
}
