using System.Globalization;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>Kafka's tools for groups: what they tell of one that lives, and what they do with the offsets of those that do not.</summary>
[Collection(ClientsCollection.Name)]
public sealed class JavaGroupToolsTests(BrokerForClients fixture)
{
    private const string NoMember = "-";

    [ClientFact("java")]
    public async Task A_group_of_the_consumer_protocol_is_described_and_kept_from_harm_while_it_lives()
    {
        const string group = "tool-alive";
        await FillAsync(group, 2);
        await using RunningTool consumer = RunningTool.Start(
            "console-consumer", "--bootstrap-server", fixture.Broker.Bootstrap, "--topic", group, "--group", group, "--from-beginning", "--consumer-property", "group.protocol=consumer");
        await consumer.PrintsAsync("all records", output => Numbers(output).SequenceEqual(Enumerable.Range(0, 20)));

        Assert.Equal([group, "Consumer"], (await GroupsAsync("--list", "--type", "consumer")).Row(group));
        Assert.Equal([group, "Stable"], (await GroupsAsync("--list", "--state", "stable")).Row(group));
        Assert.Empty((await GroupsAsync("--list", "--type", "classic")).Rows(group));
        Assert.Equal([group, "Consumer", "consumer"], (await fixture.Tools.RunAsync("groups", "--list", "--group-type", "consumer")).Row(group));
        string[] state = (await GroupsAsync("--describe", "--group", group, "--state", "--verbose")).Row(group);
        Assert.Equal(["uniform", "Stable"], state[3..5]);
        Assert.Equal("1", state[^1]);
        string[] member = (await GroupsAsync("--describe", "--group", group, "--members", "--verbose")).Row(group);
        Assert.Equal(["/127.0.0.1", "console-consumer", "2"], member[2..5]);
        Assert.Equal($"{group}:0,1", member[6]);
        string[][] offsets = (await GroupsAsync("--describe", "--group", group, "--offsets")).Rows(group);
        Assert.Equal([(group, "0", "10", member[1]), (group, "1", "10", member[1])], offsets.Select(row => (row[1], row[2], row[4], row[6])));

        string reset = (await fixture.Tools.TryAsync("consumer-groups", "--reset-offsets", "--group", group, "--topic", group, "--to-earliest", "--execute")).Output;
        Assert.Contains($"Assignments can only be reset if the group '{group}' is inactive, but the current state is Stable.", reset);
        Assert.Contains("GroupNotEmptyException", (await fixture.Tools.TryAsync("consumer-groups", "--delete", "--group", group)).Output);
        Assert.Contains("GroupSubscribedToTopicException", (await fixture.Tools.TryAsync("consumer-groups", "--delete-offsets", "--group", group, "--topic", group)).Output);

        // It commits when it is told to end, and is gone from the group at once.
        await consumer.StopAsync();
        Assert.Equal([("10", "0", NoMember), ("10", "0", NoMember)], (await GroupsAsync("--describe", "--group", group)).Rows(group).Select(row => (row[3], row[5], row[6])));
        Assert.Equal([group, "Empty"], (await GroupsAsync("--list", "--state", "empty")).Row(group));
        await GroupsAsync("--delete", "--group", group);
        Assert.Empty((await fixture.Tools.RunAsync("groups", "--list")).Rows(group));
    }

    [ClientFact("java")]
    public async Task Committed_offsets_are_moved_in_every_way_shown_before_exported_and_deleted()
    {
        const string group = "tool-moved";
        const string other = "tool-moved-too";
        await FillAsync(group, 2);
        string plan = Path.Combine(fixture.Broker.Home, "offsets.csv");
        string future = DateTime.UtcNow.AddDays(1).ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture);

        Assert.Equal("10 10", await MoveAsync("--to-latest"));
        Assert.Equal("8 8", await MoveAsync("--shift-by", "-2"));
        Assert.Equal("8 8", await MoveAsync("--to-current"));
        Assert.Equal("3 3", await MoveAsync("--to-offset", "3"));
        Assert.Equal("0 0", await MoveAsync("--to-datetime", "2020-01-01T00:00:00.000"));
        Assert.Equal("10 10", await MoveAsync("--to-datetime", future));
        Assert.Equal("0 0", await MoveAsync("--by-duration", "P1D"));
        Assert.Equal("10 10", await MoveAsync("--by-duration", "PT0S"));
        Assert.Equal("0 0", await MoveAsync("--shift-by", "-99"));
        Assert.Equal("10 10", await MoveAsync("--to-offset", "99"));
        Assert.Equal("10 10", await CommittedAsync(group));

        // Only shown, for one partition, and as the file that the last step takes.
        string[] reset = ["--reset-offsets", "--group", group];
        Assert.Equal("0 0", Offsets(await GroupsAsync([.. reset, "--topic", group, "--to-earliest", "--dry-run"]), group, 3));
        Assert.Equal("4", Offsets(await GroupsAsync([.. reset, "--topic", $"{group}:1", "--to-offset", "4", "--execute"]), group, 3));
        Assert.Equal("10 4", await CommittedAsync(group));
        string exported = await GroupsAsync([.. reset, "--all-topics", "--to-current", "--dry-run", "--export"]);
        Assert.Equal([$"{group},0,10", $"{group},1,4"], exported.Lines().Order(StringComparer.Ordinal));
        await File.WriteAllTextAsync(plan, $"{group},0,7\n{group},1,1\n");
        Assert.Equal("7 1", Offsets(await GroupsAsync([.. reset, "--from-file", plan, "--execute"]), group, 3));

        // A file for several groups names them, and a group that was never there is made by it.
        await File.WriteAllTextAsync(plan, $"{group},{group},0,6\n{other},{group},1,5\n");
        await GroupsAsync([.. reset, "--group", other, "--from-file", plan, "--execute"]);
        Assert.Equal(("6 1", "5"), (await CommittedAsync(group), await CommittedAsync(other)));

        string deleted = await GroupsAsync("--delete-offsets", "--group", group, "--topic", $"{group}:0", "--topic", "never-was");
        Assert.Contains("Successful", deleted.Rows(group).Single(row => row[1] == "0"));
        Assert.Contains("UnknownTopicOrPartitionException", string.Join(' ', deleted.Row("never-was")));
        Assert.Equal("1", await CommittedAsync(group));
        Assert.Matches($"Deletion of requested consumer groups \\(('{group}', '{other}'|'{other}', '{group}')\\) was successful", await GroupsAsync("--delete", "--group", group, "--group", other));
        Assert.Contains("GroupIdNotFoundException", (await fixture.Tools.TryAsync("consumer-groups", "--delete", "--group", group)).Output);
        Assert.Contains("GroupIdNotFoundException", (await fixture.Tools.TryAsync("consumer-groups", "--describe", "--group", other)).Output);

        async Task<string> MoveAsync(params string[] how) => Offsets(await GroupsAsync(["--reset-offsets", "--group", group, "--topic", group, .. how, "--execute"]), group, 3);
    }

    private async Task<string> CommittedAsync(string group) => Offsets(await GroupsAsync("--describe", "--group", group), group, 3);

    /// <summary>A column of the rows about a group, by partition.</summary>
    private static string Offsets(string table, string group, int column) =>
        string.Join(' ', table.Rows(group).OrderBy(row => row[2], StringComparer.Ordinal).Select(row => row[column]));

    /// <summary>What the consumer printed, its words about itself left out.</summary>
    private static IEnumerable<int> Numbers(string output) =>
        output.Lines().Where(line => line.All(char.IsAsciiDigit)).Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Order();

    private Task<string> GroupsAsync(params string[] arguments) => fixture.Tools.RunAsync("consumer-groups", arguments);

    /// <summary>Ten records in each partition.</summary>
    private async Task FillAsync(string topic, int partitions)
    {
        await fixture.Tools.RunAsync("topics", "--create", "--topic", topic, "--partitions", $"{partitions}");
        for (int i = 0; i < partitions; i++)
        {
            string lines = string.Join('\n', Enumerable.Range(i * 10, 10));
            (await ChildProcess.RunAsync(RunningBroker.Executable, ["produce", topic, "--partition", $"{i}", "--bootstrap-server", fixture.Broker.Bootstrap], lines)).Succeeded();
        }
    }
}
