namespace Tidemark.Protocol.Tests.Vectors;

public class MessageVectorTests
{
    [Fact]
    public void Every_message_that_Kafka_encoded_decodes_to_its_values_and_encodes_to_the_same_bytes() => CheckAll(MessageVector.Own);

    [ForeignVectorsFact]
    public void So_does_every_message_of_a_foreign_file() => CheckAll(MessageVector.Load(MessageVector.ForeignPath!));

    [Fact]
    public void The_rows_cover_every_message_in_every_version()
    {
        var seen = MessageVector.Own.Select(row => (row.ClassName, row.Version)).ToHashSet();
        var missing = new List<string>();
        foreach (Type type in MessageClasses.All)
        {
            short low = (short)type.GetField("LowestVersion")!.GetRawConstantValue()!;
            short high = (short)type.GetField("HighestVersion")!.GetRawConstantValue()!;
            for (short version = low; version <= high; version++)
            {
                if (!seen.Contains((type.Name, version)))
                {
                    missing.Add($"{type.Name} v{version}");
                }
            }
        }

        Assert.Empty(missing);
    }

    private static void CheckAll(MessageVector[] rows)
    {
        var failures = new List<string>();
        using var writer = new WireWriter();
        foreach (MessageVector row in rows)
        {
            if (Check(writer, row) is { } failure)
            {
                failures.Add($"{row}: {failure}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {rows.Length} rows fail:\n{string.Join('\n', failures.Take(20))}");
    }

    private static string? Check(WireWriter writer, MessageVector row)
    {
        try
        {
            IMessage message = MessageClasses.Read(row);
            writer.Reset();
            message.Write(writer, row.Version);
            return !writer.WrittenSpan.SequenceEqual(row.Bytes)
                ? $"encodes to {Convert.ToHexString(writer.WrittenSpan)}"
                : JsonComparison.Difference(message, row.Json);
        }
        catch (Exception problem) when (problem is ProtocolException or InvalidOperationException)
        {
            return problem.Message;
        }
    }
}
