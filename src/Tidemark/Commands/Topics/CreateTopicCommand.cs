using System.CommandLine;
using System.Globalization;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics create</c></summary>
internal static class CreateTopicCommand
{
    public static Command Define()
    {
        Argument<string> name = TopicsCommand.Name();
        var partitions = new Option<int?>("--partitions", "-p") { Description = "How many partitions; by default the broker's num.partitions.", HelpName = "N" }.From(1);
        var replication = new Option<short?>("--replication-factor", "-r") { Description = "Replicas of each partition; by default the broker's default.replication.factor.", HelpName = "N" }.From<short>(1);
        var assignment = new Option<string?>("--replicas") { Description = "The brokers of each partition instead of numbers: 1:2,2:3 is two partitions with two replicas each.", HelpName = "LIST" };
        var configs = new Option<string[]>("--config") { Description = "A configuration of the topic; may be given again.", HelpName = "KEY=VALUE" };
        var validate = new Option<bool>("--validate-only") { Description = "Only ask whether it would be created." };
        var command = new ExampledCommand(
            "create",
            "Create a topic.",
            "tidemark topics create orders --partitions 6",
            "tidemark topics create accounts -p 3 --config cleanup.policy=compact --config segment.bytes=104857600")
        {
            name,
            partitions,
            replication,
            assignment,
            configs,
            validate,
        };
        ClusterOptions.Attach(command, async call =>
        {
            var topic = new CreateTopicsRequest.CreatableTopic
            {
                Name = call.Get(name),
                NumPartitions = call.Get(partitions) ?? -1,
                ReplicationFactor = call.Get(replication) ?? -1,
                Assignments = ReadAssignment(call.Get(assignment)),
                Configs = [.. KeyValueList.Read("--config", call.Get(configs)).Select(c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
            };
            if (topic.Assignments.Count > 0 && (call.Get(partitions) ?? call.Get(replication)) is not null)
            {
                throw new CommandException(ExitCode.Usage, "--replicas says how many partitions and replicas there are: leave out --partitions and --replication-factor");
            }

            var request = new CreateTopicsRequest { Topics = [topic], TimeoutMs = call.TimeoutMs, ValidateOnly = call.Get(validate) };
            CreateTopicsResponse response = await call.Cluster.SendToControllerAsync<CreateTopicsResponse>(request, r => r.Topics[0].ErrorCode, call.Timeout, call.Cancellation);
            CreateTopicsResponse.CreatableTopicResult result = response.Topics[0];
            ClusterCall.Require(result.ErrorCode, $"Creating topic {topic.Name}", result.ErrorMessage);
            string done = request.ValidateOnly ? "would be created" : "created";
            Outcome.Write(
                call.Json,
                $"Topic {result.Name} {done}: {result.NumPartitions} partitions, replication factor {result.ReplicationFactor}.",
                ("topic", result.Name),
                ("topicId", result.TopicId.IsZero ? null : result.TopicId.ToString()),
                ("partitions", result.NumPartitions),
                ("replicationFactor", result.ReplicationFactor),
                ("validatedOnly", request.ValidateOnly));
            return ExitCode.Success;
        });
        return command;
    }

    private static List<CreateTopicsRequest.CreatableReplicaAssignment> ReadAssignment(string? text)
    {
        var assignments = new List<CreateTopicsRequest.CreatableReplicaAssignment>();
        foreach (string partition in text?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            var brokers = new List<int>();
            foreach (string broker in partition.Split(':'))
            {
                brokers.Add(int.TryParse(broker, NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                    ? id
                    : throw new CommandException(ExitCode.Usage, $"--replicas {text}: broker ids with colons between them, partitions with commas, are allowed"));
            }

            assignments.Add(new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = assignments.Count, BrokerIds = brokers });
        }

        return assignments;
    }
}
