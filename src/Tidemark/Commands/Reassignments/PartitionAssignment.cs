using System.Text.Json;
using Tidemark.Output;
using Tidemark.Primitives;

namespace Tidemark.Commands.Reassignments;

/// <summary>On which brokers a partition's replicas are to be, the preferred leader first.</summary>
internal sealed record PartitionAssignment(TopicPartition Partition, IReadOnlyList<int> Replicas)
{
    /// <summary>
    /// Reads the file of Kafka's reassignment tool: <c>{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[1,2,3]}]}</c>.
    /// Other fields, such as <c>log_dirs</c>, are refused unless they say nothing.
    /// </summary>
    /// <exception cref="CommandException">The file cannot be read or says something else.</exception>
    public static IReadOnlyList<PartitionAssignment> Read(string file)
    {
        const string Form = """{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[1,2,3]}]} is allowed""";
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(file));
            if (document.RootElement.GetProperty("version").GetInt32() != 1)
            {
                throw new CommandException(ExitCode.Usage, $"{file}: only version 1 is allowed");
            }

            var read = new List<PartitionAssignment>();
            foreach (JsonElement each in document.RootElement.GetProperty("partitions").EnumerateArray())
            {
                var partition = new TopicPartition(each.GetProperty("topic").GetString() ?? throw new FormatException("a topic is null"), each.GetProperty("partition").GetInt32());
                int[] replicas = [.. each.GetProperty("replicas").EnumerateArray().Select(id => id.GetInt32())];
                if (each.TryGetProperty("log_dirs", out JsonElement directories) && directories.EnumerateArray().Any(d => d.GetString() != "any"))
                {
                    throw new CommandException(ExitCode.Usage, $"{file}: partition {partition}: log_dirs other than \"any\" are not allowed here; tidemark moves replicas between brokers");
                }

                if (replicas.Length == 0 || replicas.Distinct().Count() != replicas.Length || read.Exists(r => r.Partition == partition))
                {
                    throw new CommandException(ExitCode.Usage, $"{file}: partition {partition}: one or more different brokers are allowed, once for each partition");
                }

                read.Add(new PartitionAssignment(partition, replicas));
            }

            return read.Count > 0 ? read : throw new CommandException(ExitCode.Usage, $"{file}: it names no partition; {Form}");
        }
        catch (KeyNotFoundException)
        {
            throw new CommandException(ExitCode.Usage, $"{file}: a field is missing; {Form}");
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw new CommandException(ExitCode.Usage, $"{file}: {Form}: {failure.Message}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Usage, $"cannot read {file}: {(file.Length == 0 ? "no file is named" : failure.Message)}");
        }
    }

    /// <summary>Writes what <see cref="Read"/> reads, on one line, as Kafka's tool does.</summary>
    public static void WriteLine(IEnumerable<PartitionAssignment> assignments) => JsonOutput.WriteLine(writer => Write(writer, assignments));

    public static void Write(Utf8JsonWriter writer, IEnumerable<PartitionAssignment> assignments)
    {
        writer.WriteStartObject();
        writer.WriteNumber("version", 1);
        writer.WriteStartArray("partitions");
        foreach (PartitionAssignment each in assignments)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", each.Partition.Topic);
            writer.WriteNumber("partition", each.Partition.Partition);
            writer.WritePropertyName("replicas");
            JsonOutput.WriteValue(writer, each.Replicas);
            writer.WritePropertyName("log_dirs");
            JsonOutput.WriteValue(writer, each.Replicas.Select(_ => "any"));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
