using System.CommandLine;
using System.Globalization;
using System.Text;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Commands;

/// <summary><c>tidemark consume</c>: prints the records of a topic, and ends at its end unless it is to follow.</summary>
internal static class ConsumeCommand
{
    public static Command Define()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic." };
        var partitions = new Option<int[]>("--partition", "-p") { Description = "Which partition; may be given again. All of them by default.", HelpName = "N" }.From(0);
        var beginning = new Option<bool>("--from-beginning") { Description = "From the first record that is still there: the default, unless --follow is given." };
        var offset = new Option<long?>("--offset", "-o") { Description = "From this offset in each partition, or from the nearest that there is.", HelpName = "OFFSET" }.From(0);
        var since = new Option<string?>("--since") { Description = "From the first record at or after a time: 2026-11-21T12:00:00Z, milliseconds since 1970, or 15m, 2h, 3d ago.", HelpName = "TIME" };
        var tail = new Option<long?>("--tail", "-n") { Description = "Only the last so many records of each partition.", HelpName = "N" }.From(0);
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written later; from now on, unless a start is given." };
        var max = new Option<long?>("--max") { Description = "End after so many records.", HelpName = "N" }.From(1);
        var group = new Option<string?>("--group", "-g") { Description = "Read as a member of this group: go on where it has committed, share the partitions with its other members, and commit what was printed.", HelpName = "GROUP" };
        var isolation = new Option<string>("--isolation")
        {
            Description = "Whether records of open and aborted transactions are read too (read_uncommitted) or not (read_committed).",
            HelpName = "LEVEL",
            DefaultValueFactory = _ => "read_uncommitted",
        };
        isolation.OneOf("read_uncommitted", "read_committed");
        var shape = new RecordShapeOptions();
        var command = new ExampledCommand(
            "consume",
            "Print the records of a topic. Ends at the end of the topic, unless --follow is given.",
            "tidemark consume greetings",
            "tidemark consume orders --since 15m --key --timestamps",
            "tidemark consume orders --partition 0 --offset 1000 --max 10 --json",
            "tidemark consume orders --group billing --follow",
            "tidemark consume payments --isolation read_committed",
            "tidemark consume logs --tail 20 --follow")
        {
            topic,
            partitions,
            beginning,
            offset,
            since,
            tail,
            follow,
            max,
            group,
            isolation,
        };
        shape.AddTo(command);
        ClusterOptions.Attach(command, async call =>
        {
            int starts = (call.Get(beginning) ? 1 : 0) + (call.Get(offset) is null ? 0 : 1) + (call.Get(since) is null ? 0 : 1) + (call.Get(tail) is null ? 0 : 1);
            if (starts > 1)
            {
                throw new CommandException(ExitCode.Usage, "only one of --from-beginning, --offset, --since and --tail says where to begin");
            }

            OffsetSpec start = call.Get(since) is { } text ? OffsetSpec.At(TimeText.Read("--since", text)) : call.Get(follow) && !call.Get(beginning) ? OffsetSpec.Latest : OffsetSpec.Earliest;
            var options = new ConsumerOptions { ReadCommitted = call.Get(isolation) == "read_committed" };
            if (call.Get(group) is { } name)
            {
                if (call.Get(partitions) is { Length: > 0 } || call.Get(offset) is not null || call.Get(tail) is not null)
                {
                    throw new CommandException(ExitCode.Usage, "with --group the group says which partitions are read and from where: --partition, --offset and --tail do not go with it");
                }

                return await new GroupReading(call, call.Get(topic), name, start, options, shape.Read(call), call.Get(follow), call.Get(max) ?? long.MaxValue).RunAsync();
            }

            TopicInfo info = await call.Cluster.TopicAsync(call.Get(topic), cancellation: call.Cancellation);
            TopicPartition[] chosen = PartitionChoice.Of(info, call.Get(partitions));
            var consumer = new Consumer(call.Cluster, options);
            await consumer.AssignAsync(chosen, call.Get(offset) is { } from ? OffsetSpec.Near(from) : call.Get(tail) is { } last ? OffsetSpec.Tail(last) : start, call.Cancellation);
            return await RunAsync(call, consumer, shape.Read(call), call.Get(follow), call.Get(max) ?? long.MaxValue);
        });
        return command;
    }

    private static async Task<int> RunAsync(ClusterCall call, Consumer consumer, RecordPrinter printer, bool follow, long max)
    {
        long left = max;
        while (left > 0 && (follow || consumer.IsReading))
        {
            FetchedRecords fetched;
            try
            {
                fetched = await consumer.FetchAsync(call.Cancellation);
            }
            catch (OperationCanceledException) when (follow)
            {
                // Ctrl-C is how following ends.
                return ExitCode.Success;
            }

            using (fetched)
            {
                fetched.ForEach((TopicPartition partition, in RecordView record) =>
                {
                    if (left > 0)
                    {
                        left--;
                        printer.Print(partition, record);
                    }
                });

                foreach (FetchedPartition partition in follow ? [] : fetched.Partitions.Where(p => p.IsAtEnd))
                {
                    consumer.Unassign(partition.Partition);
                }
            }

            if (follow)
            {
                await Console.Out.FlushAsync(CancellationToken.None);
            }
        }

        return ExitCode.Success;
    }
}
