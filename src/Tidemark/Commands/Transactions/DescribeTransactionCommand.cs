using System.CommandLine;
using Tidemark.Client.Transactions;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Transactions;

/// <summary><c>tidemark transactions describe</c></summary>
internal static class DescribeTransactionCommand
{
    public static Command Define()
    {
        var id = new Argument<string>("ID") { Description = "The transactional id." };
        var command = new ExampledCommand("describe", "Show a transactional id's producer, its transaction and the partitions in it.", "tidemark transactions describe copy-1") { id };
        ClusterOptions.Attach(command, async call =>
        {
            TransactionDescription found = await call.Cluster.DescribeTransactionAsync(call.Get(id), call.Cancellation);
            var listing = new Listing("topic", "partition");
            foreach (TopicPartition partition in found.Partitions.OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition))
            {
                listing.Add(partition.Topic, partition.Partition);
            }

            // One that has ended keeps the time at which it began, and is open no more.
            double? openSeconds = found.State == "Ongoing" || found.State.StartsWith("Prepare", StringComparison.Ordinal) ? TransactionsCommand.SecondsSince(found.StartMs) : null;
            string since = TransactionsCommand.Time(found.StartMs) is not { } began ? "" : openSeconds is { } seconds ? $", open since {began} ({seconds} s)" : $", the last one began at {began}";
            listing.WriteUnder(
                call.Json,
                $"Transactional id {found.TransactionalId}: {found.State}{since}, producer {found.ProducerId} in epoch {found.Epoch}, timeout {found.TimeoutMs} ms, coordinator {found.Coordinator.Value}",
                [
                    ("transactionalId", found.TransactionalId),
                    ("state", found.State),
                    ("startTime", TransactionsCommand.Time(found.StartMs)),
                    ("openSeconds", openSeconds),
                    ("producerId", found.ProducerId),
                    ("producerEpoch", found.Epoch),
                    ("timeoutMs", found.TimeoutMs),
                    ("coordinator", found.Coordinator.Value),
                ],
                "partitions",
                "It has no partitions.");
            return ExitCode.Success;
        });
        return command;
    }
}
