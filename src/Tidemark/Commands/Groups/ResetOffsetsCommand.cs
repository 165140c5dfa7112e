using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups reset-offsets</c>: shows what would change, and changes it with <c>--execute</c>.</summary>
internal static class ResetOffsetsCommand
{
    /// <summary>Further than any log reaches, and no sum with an offset overflows.</summary>
    private const long ShiftMax = long.MaxValue / 2;

    public static Command Define()
    {
        Argument<string> name = GroupsCommand.Name();
        Option<string[]> topics = TopicSelection.Option();
        var all = new Option<bool>("--all-topics") { Description = "All topics of which the group has committed an offset." };
        var earliest = new Option<bool>("--to-earliest") { Description = "To the first record that is still there." };
        var latest = new Option<bool>("--to-latest") { Description = "To the end." };
        var current = new Option<bool>("--to-current") { Description = "To where it is; to the end where nothing is committed." };
        var to = new Option<long?>("--to-offset") { Description = "To this offset.", HelpName = "OFFSET" }.From(0);
        var time = new Option<string?>("--to-time") { Description = "To the first record at or after a time: 2026-11-21T12:00:00Z, milliseconds since 1970, or 15m, 2h, 3d ago.", HelpName = "TIME" };
        var by = new Option<long?>("--shift-by") { Description = "By so many offsets; below 0 backwards.", HelpName = "N" }.Between(-ShiftMax, ShiftMax);
        var file = new Option<string?>("--from-file") { Description = "To the offsets in a file with lines of TOPIC,PARTITION,OFFSET.", HelpName = "FILE" };
        var execute = new Option<bool>("--execute") { Description = "Do it. Otherwise what would change is shown." };
        var command = new ExampledCommand(
            "reset-offsets",
            "Move what a group without members has committed. Shows what would change, unless --execute is given.",
            "tidemark groups reset-offsets billing --topic orders --to-earliest",
            "tidemark groups reset-offsets billing --all-topics --to-time 2h --execute",
            "tidemark groups reset-offsets billing --topic orders:0,1 --shift-by -100 --execute")
        {
            name, topics, all, earliest, latest, current, to, time, by, file, execute,
        };
        ClusterOptions.Attach(command, async call =>
        {
            OffsetMove[] moves =
            [
                .. call.Get(earliest) ? [new OffsetMove(At: OffsetSpec.Earliest)] : Array.Empty<OffsetMove>(),
                .. call.Get(latest) ? [new OffsetMove(At: OffsetSpec.Latest)] : Array.Empty<OffsetMove>(),
                .. call.Get(current) ? [new OffsetMove(Stays: true)] : Array.Empty<OffsetMove>(),
                .. call.Get(to) is { } offset ? [new OffsetMove(To: offset)] : Array.Empty<OffsetMove>(),
                .. call.Get(time) is { } at ? [new OffsetMove(At: OffsetSpec.At(TimeText.Read("--to-time", at)))] : Array.Empty<OffsetMove>(),
                .. call.Get(by) is { } shift ? [new OffsetMove(By: shift)] : Array.Empty<OffsetMove>(),
                .. call.Get(file) is { } path ? [new OffsetMove(Offsets: OffsetMove.ReadFile(path))] : Array.Empty<OffsetMove>(),
            ];
            if (moves is not [var move])
            {
                throw new CommandException(ExitCode.Usage, "exactly one of --to-earliest, --to-latest, --to-current, --to-offset, --to-time, --shift-by and --from-file says where to go");
            }

            string[] named = call.Get(topics) ?? [];
            int choices = (named.Length > 0 ? 1 : 0) + (call.Get(all) ? 1 : 0) + (move.Offsets is null ? 0 : 1);
            return choices == 1
                ? await RunAsync(call, call.Get(name), named, move, call.Get(execute))
                : throw new CommandException(ExitCode.Usage, "either --topic, --all-topics or --from-file says what to move");
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, string group, string[] topics, OffsetMove move, bool execute)
    {
        await RequireUnusedAsync(call, group);
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed = await call.Cluster.GroupOffsetsAsync(group, cancellation: call.Cancellation);
        IReadOnlyList<TopicPartition> partitions = move.Offsets is { } fromFile ? [.. fromFile.Keys]
            : topics.Length > 0 ? await TopicSelection.ReadAsync(call, topics)
            : await TopicSelection.ReadAsync(call, committed.Keys.Select(p => p.Topic).Distinct());
        IReadOnlyList<(TopicPartition Partition, long? From, long To, long End)> plan = await move.PlanAsync(call, partitions, committed);
        IReadOnlyDictionary<TopicPartition, ErrorCode> refused = execute && plan.Count > 0
            ? await call.Cluster.CommitOffsetsAsync(group, plan.Select(p => KeyValuePair.Create(p.Partition, p.To)), cancellation: call.Cancellation)
            : new Dictionary<TopicPartition, ErrorCode>();
        var listing = new Listing("topic", "partition", "from", "to", "lag", "error");
        foreach ((TopicPartition partition, long? from, long to, long end) in plan.OrderBy(p => p.Partition.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition.Partition))
        {
            listing.Add(partition.Topic, partition.Partition, from, to, end - to, refused.TryGetValue(partition, out ErrorCode error) ? error.KafkaName() : null);
        }

        listing.WriteUnder(
            call.Json,
            execute ? $"Group {group} was moved:" : $"Group {group} would be moved (nothing is changed without --execute):",
            [("group", group), ("executed", execute)],
            "partitions",
            "It has committed nothing.");
        return refused.Count == 0 ? ExitCode.Success : throw new CommandException(ExitCode.Failed, $"{refused.Count} of {plan.Count} offsets were refused");
    }

    /// <summary>Members that run would go on from where they are and commit over what was set. A group that does not exist is made by being committed to.</summary>
    private static async Task RequireUnusedAsync(ClusterCall call, string group)
    {
        try
        {
            GroupDescription known = await call.Cluster.DescribeGroupAsync(group, call.Cancellation);
            if (known.Members.Count > 0 || known.State is not ("Empty" or "Dead"))
            {
                throw new CommandException(ExitCode.Failed, $"group {group} is {known.State} with {known.Members.Count} members: stop them first");
            }
        }
        catch (BrokerErrorException missing) when (missing.Code == ErrorCode.GroupIdNotFound)
        {
        }
    }
}
