using System.CommandLine;
using System.Globalization;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics describe</c></summary>
internal static class DescribeTopicCommand
{
    public static Command Define()
    {
        Argument<string> name = TopicsCommand.Name();
        var command = new ExampledCommand("describe", "Show a topic's partitions, replicas, offsets and configuration.", "tidemark topics describe orders", "tidemark topics describe orders --json") { name };
        ClusterOptions.Attach(command, call => Run(call, call.Get(name)));
        return command;
    }

    private static async Task<int> Run(ClusterCall call, string name)
    {
        TopicInfo topic = await call.Cluster.TopicAsync(name, cancellation: call.Cancellation);
        TopicPartition[] led = [.. topic.Partitions.Where(p => p.Leader.Value >= 0).Select(p => new TopicPartition(name, p.Partition))];
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> first = await Offsets(call, led, OffsetSpec.Earliest);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> next = await Offsets(call, led, OffsetSpec.Latest);
        var replicas = await ReplicaStates.AskAsync(call, topic);
        IReadOnlyList<DescribeConfigsResponse.DescribeConfigsResourceResult> configs = await ConfigTarget.DescribeAsync(call, ConfigResourceType.Topic, name);
        (string, string?)[] set = [.. configs.Where(c => c.ConfigSource == (sbyte)ConfigSource.Topic).Select(c => (c.Name, c.Value))];
        if (call.Json)
        {
            WriteJson(topic, first, next, replicas, set);
            return ExitCode.Success;
        }

        Console.Out.WriteLine($"Topic {topic.Name}, id {topic.Id}, {topic.Partitions.Count} partitions{(topic.IsInternal ? ", internal" : "")}");
        foreach ((string key, string? value) in set)
        {
            Console.Out.WriteLine($"  {key}={value}");
        }

        var listing = new Listing("partition", "leader", "epoch", "replicas", "in sync", "eligible", "offline", "first offset", "next offset", "log ends");
        foreach (PartitionInfo partition in topic.Partitions)
        {
            var id = new TopicPartition(name, partition.Partition);
            listing.Add(
                partition.Partition,
                partition.Leader.Value < 0 ? "none" : partition.Leader.Value,
                partition.LeaderEpoch,
                partition.Replicas,
                partition.Isr,
                replicas.Eligible(partition.Partition),
                partition.Offline,
                OffsetOf(first, id),
                OffsetOf(next, id),
                string.Join(' ', replicas.Of(partition).Select(r => r.Lag > 0 ? $"{r.Broker}:{r.LogEnd}(-{r.Lag})" : $"{r.Broker}:{r.LogEnd?.ToString(CultureInfo.InvariantCulture) ?? "?"}")));
        }

        listing.Write(json: false, "It has no partitions.");
        return ExitCode.Success;
    }

    private static async Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> Offsets(ClusterCall call, TopicPartition[] partitions, OffsetSpec spec)
    {
        try
        {
            return await call.Cluster.ListOffsetsAsync(partitions.Select(p => KeyValuePair.Create(p, spec)), call.Cancellation, once: true);
        }
        catch (ClientException)
        {
            // The partitions are worth showing even where their leader does not answer.
            return new Dictionary<TopicPartition, OffsetAnswer>();
        }
    }

    private static long? OffsetOf(IReadOnlyDictionary<TopicPartition, OffsetAnswer> answers, TopicPartition partition) =>
        answers.TryGetValue(partition, out OffsetAnswer answer) && answer.Error == ErrorCode.None ? answer.Offset : null;

    private static void WriteJson(
        TopicInfo topic,
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> first,
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> next,
        ReplicaStates replicas,
        (string Key, string? Value)[] configs) => JsonOutput.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("topic", topic.Name);
        writer.WriteString("topicId", topic.Id.ToString());
        writer.WriteBoolean("internal", topic.IsInternal);
        writer.WriteStartObject("configs");
        foreach ((string key, string? value) in configs)
        {
            writer.WriteString(key, value);
        }

        writer.WriteEndObject();
        writer.WriteStartArray("partitions");
        foreach (PartitionInfo partition in topic.Partitions)
        {
            var id = new TopicPartition(topic.Name, partition.Partition);
            writer.WriteStartObject();
            writer.WriteNumber("partition", partition.Partition);
            writer.WriteNumber("leader", partition.Leader.Value);
            writer.WriteNumber("leaderEpoch", partition.LeaderEpoch);
            foreach ((string key, object? value) in new (string, object?)[]
            {
                ("replicas", partition.Replicas), ("inSync", partition.Isr), ("eligible", replicas.Eligible(partition.Partition)), ("offline", partition.Offline),
                ("firstOffset", OffsetOf(first, id)), ("nextOffset", OffsetOf(next, id)),
            })
            {
                writer.WritePropertyName(key);
                JsonOutput.WriteValue(writer, value);
            }

            writer.WriteStartArray("logs");
            foreach ((int broker, long? logEnd, long? lag) in replicas.Of(partition))
            {
                writer.WriteStartObject();
                writer.WriteNumber("broker", broker);
                writer.WritePropertyName("end");
                JsonOutput.WriteValue(writer, logEnd);
                writer.WritePropertyName("lag");
                JsonOutput.WriteValue(writer, lag);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });
}
