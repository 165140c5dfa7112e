using System.CommandLine;
using Tidemark.Client.Transactions;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark.Commands.Transactions;

/// <summary><c>tidemark transactions list</c></summary>
internal static class ListTransactionsCommand
{
    public static Command Define()
    {
        var states = new Option<string[]>("--state") { Description = "Only ids in this state, such as Ongoing; may be given again.", HelpName = "STATE" }
            .OneOf("Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "PrepareEpochFence", "Dead");
        var longer = new Option<double?>("--longer-than") { Description = "Only transactions that are open for longer than this.", HelpName = "SECONDS" }.Between(0, 1e9);
        var command = new ExampledCommand(
            "list", "List transactional ids, their state and who coordinates them.", "tidemark transactions list", "tidemark transactions list --state Ongoing --longer-than 60") { states, longer };
        ClusterOptions.Attach(command, async call =>
        {
            long longerMs = call.Get(longer) is { } seconds ? (long)(seconds * 1000) : -1;
            var listing = new Listing("transactional id", "state", "producer id", "coordinator");
            IReadOnlyList<ListedTransaction> listed = await call.Cluster.ListTransactionsAsync(call.Get(states), longerThanMs: longerMs, cancellation: call.Cancellation);
            foreach (ListedTransaction transaction in listed.OrderBy(t => t.TransactionalId, StringComparer.Ordinal))
            {
                listing.Add(transaction.TransactionalId, transaction.State, transaction.ProducerId, transaction.Coordinator.Value);
            }

            listing.Write(call.Json, "There are no transactional ids.");
            return ExitCode.Success;
        });
        return command;
    }
}
