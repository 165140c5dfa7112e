using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark.Commands.Logs;

/// <summary><c>tidemark logs verify</c>: reads every byte of stopped or running logs and says what is wrong with them.</summary>
internal static class VerifyLogsCommand
{
    public static Command Define()
    {
        var paths = new Argument<string[]>("PATH") { Description = "Data directories, partition directories or segment files.", Arity = ArgumentArity.OneOrMore };
        Option<bool> json = JsonOption.Create();
        var command = new ExampledCommand(
            "verify",
            "Check segments on the disk: the checksum, offsets and records of every batch, indexes, leader epochs. Exit code 4 when something is wrong.",
            "tidemark logs verify ./data",
            "tidemark logs verify ./data/orders-0 --json")
        {
            paths,
            json,
        };
        command.SetAction(parsed => CommandLine.Guard(() => Run(parsed.GetRequiredValue(paths), parsed.GetValue(json))));
        return command;
    }

    private static int Run(string[] paths, bool json)
    {
        var listing = new Listing("partition", "segments", "batches", "records", "first offset", "next offset", "bytes", "problems");
        var problems = new List<string>();
        foreach (IGrouping<string, string> partition in LogFiles.Segments(paths).GroupBy(s => Path.GetDirectoryName(s)!))
        {
            var reports = new List<SegmentReport>();
            foreach (string segment in partition)
            {
                SegmentReport? before = reports.LastOrDefault();
                reports.Add(new SegmentCheck(segment).Run(before?.LastEpoch ?? -1, before?.NextOffset));
            }

            string[] found = [.. reports.SelectMany(r => r.Problems.Select(p => $"{r.Path}: {p}")), .. EpochCheckpoint.Problems(partition.Key, reports)];
            problems.AddRange(found);
            listing.Add(
                Path.GetFileName(partition.Key),
                reports.Count,
                reports.Sum(r => r.Batches),
                reports.Sum(r => r.Records),
                reports.Select(r => r.FirstOffset).FirstOrDefault(o => o >= 0, reports[0].NextOffset),
                reports[^1].NextOffset,
                reports.Sum(r => r.Bytes),
                json ? found : found.Length);
        }

        listing.Write(json, "nothing to check");
        foreach (string problem in json ? [] : problems)
        {
            CommandLine.Note(problem);
        }

        return problems.Count == 0 ? ExitCode.Success : ExitCode.Damaged;
    }
}
