using System.CommandLine;
using Tidemark.Client.Cluster;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Reassignments;

/// <summary><c>tidemark reassign</c>: moves replicas between brokers, with the files of Kafka's reassignment tool.</summary>
internal static class ReassignCommand
{
    public static Command Define() => new ExampledCommand(
        "reassign",
        "Move replicas of partitions to other brokers, with the JSON of Kafka's tool.",
        "tidemark reassign generate --topic orders --brokers 1,2,4 > plan.json",
        "tidemark reassign execute plan.json",
        "tidemark reassign verify plan.json")
    {
        GenerateCommand.Define(),
        Execute(),
        Verify(),
        Cancel(),
        List(),
    };

    private static Argument<string> PlanFile() => new("FILE") { Description = "The plan: {\"version\":1,\"partitions\":[{\"topic\":\"orders\",\"partition\":0,\"replicas\":[1,2,3]}]}." };

    private static Command Execute()
    {
        Argument<string> file = PlanFile();
        var command = new ExampledCommand("execute", "Begin to move. The replicas that there are stay until all new ones are in sync.", "tidemark reassign execute plan.json") { file };
        ClusterOptions.Attach(command, call => ChangeAsync(call, PartitionAssignment.Read(call.Get(file)), starts: true));
        return command;
    }

    private static Command Cancel()
    {
        Argument<string> file = PlanFile();
        var command = new ExampledCommand("cancel", "Stop the moves of a plan's partitions and go back to the replicas of before.", "tidemark reassign cancel plan.json") { file };
        ClusterOptions.Attach(command, call => ChangeAsync(call, PartitionAssignment.Read(call.Get(file)), starts: false));
        return command;
    }

    private static Command Verify()
    {
        Argument<string> file = PlanFile();
        var command = new ExampledCommand("verify", "Show how far a plan is; the exit code is 0 when all of it is done.", "tidemark reassign verify plan.json") { file };
        ClusterOptions.Attach(command, call => VerifyAsync(call, PartitionAssignment.Read(call.Get(file))));
        return command;
    }

    private static Command List()
    {
        var command = new ExampledCommand("list", "Show the moves that are under way.", "tidemark reassign list");
        ClusterOptions.Attach(command, async call =>
        {
            var listing = new Listing("topic", "partition", "replicas", "adding", "removing");
            foreach ((TopicPartition partition, ListPartitionReassignmentsResponse.OngoingPartitionReassignment move) in await UnderWayAsync(call))
            {
                listing.Add(partition.Topic, partition.Partition, move.Replicas, move.AddingReplicas, move.RemovingReplicas);
            }

            listing.Write(call.Json, "Nothing is being moved.");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<int> ChangeAsync(ClusterCall call, IReadOnlyList<PartitionAssignment> plan, bool starts)
    {
        var request = new AlterPartitionReassignmentsRequest
        {
            TimeoutMs = call.TimeoutMs,
            Topics =
            [
                .. plan.GroupBy(each => each.Partition.Topic).Select(topic => new AlterPartitionReassignmentsRequest.ReassignableTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(each => new AlterPartitionReassignmentsRequest.ReassignablePartition
                    {
                        PartitionIndex = each.Partition.Partition,
                        Replicas = starts ? [.. each.Replicas] : null,
                    })],
                }),
            ],
        };
        AlterPartitionReassignmentsResponse response = await call.Cluster.SendToControllerAsync<AlterPartitionReassignmentsResponse>(request, r => r.ErrorCode, call.Timeout, call.Cancellation);
        ClusterCall.Require(response.ErrorCode, starts ? "Moving partitions" : "Cancelling moves", response.ErrorMessage);
        var results = new Listing("topic", "partition", starts ? "started" : "cancelled", "error");
        bool failed = false;
        foreach (AlterPartitionReassignmentsResponse.ReassignableTopicResponse topic in response.Responses)
        {
            foreach (AlterPartitionReassignmentsResponse.ReassignablePartitionResponse partition in topic.Partitions)
            {
                bool isDone = partition.ErrorCode == ErrorCode.None;
                failed |= !isDone;
                string detail = string.IsNullOrEmpty(partition.ErrorMessage) ? "" : $" ({partition.ErrorMessage})";
                results.Add(topic.Name, partition.PartitionIndex, isDone, isDone ? null : partition.ErrorCode.KafkaName() + detail);
            }
        }

        results.Write(call.Json, "The plan is empty.");
        return failed ? ExitCode.Failed : ExitCode.Success;
    }

    private static async Task<int> VerifyAsync(ClusterCall call, IReadOnlyList<PartitionAssignment> plan)
    {
        Dictionary<TopicPartition, ListPartitionReassignmentsResponse.OngoingPartitionReassignment> moves = await UnderWayAsync(call);
        ClusterMetadata metadata = await call.Cluster.RefreshAsync(plan.Select(each => each.Partition.Topic).Distinct(), cancellation: call.Cancellation);
        var listing = new Listing("topic", "partition", "state", "planned", "replicas", "in sync");
        bool isDone = true;
        foreach (PartitionAssignment each in plan)
        {
            PartitionInfo? now = metadata.Find(each.Partition);
            string state = now is null ? "missing"
                : moves.ContainsKey(each.Partition) ? "moving"
                : now.Replicas.SequenceEqual(each.Replicas) ? "done"
                : "other replicas";
            isDone &= state == "done";
            listing.Add(each.Partition.Topic, each.Partition.Partition, state, each.Replicas, now?.Replicas, now?.Isr);
        }

        listing.Write(call.Json, "The plan is empty.");
        return isDone ? ExitCode.Success : ExitCode.Failed;
    }

    private static async Task<Dictionary<TopicPartition, ListPartitionReassignmentsResponse.OngoingPartitionReassignment>> UnderWayAsync(ClusterCall call)
    {
        var request = new ListPartitionReassignmentsRequest { TimeoutMs = call.TimeoutMs, Topics = null };
        ListPartitionReassignmentsResponse response = await call.Cluster.SendToControllerAsync<ListPartitionReassignmentsResponse>(request, r => r.ErrorCode, call.Timeout, call.Cancellation);
        ClusterCall.Require(response.ErrorCode, "Listing moves", response.ErrorMessage);
        return response.Topics.SelectMany(topic => topic.Partitions.Select(p => (topic.Name, Move: p)))
            .OrderBy(each => each.Name, StringComparer.Ordinal).ThenBy(each => each.Move.PartitionIndex)
            .ToDictionary(each => new TopicPartition(each.Name, each.Move.PartitionIndex), each => each.Move);
    }
}
