using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Transactions;

/// <summary><c>tidemark transactions</c>: which are open, since when, and how to end one that nobody ends.</summary>
internal static class TransactionsCommand
{
    public static Command Define() => new ExampledCommand(
        "transactions",
        "List and describe transactions, find those that hang, and abort them.",
        "tidemark transactions list --state Ongoing",
        "tidemark transactions describe copy-1",
        "tidemark transactions hanging")
    {
        ListTransactionsCommand.Define(),
        DescribeTransactionCommand.Define(),
        HangingTransactionsCommand.Define(),
        AbortTransactionCommand.Define(),
    };

    /// <summary>A time in Unix milliseconds as people read it; null where there is none.</summary>
    public static string? Time(long unixMs) => unixMs < 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>How long ago that is, in seconds.</summary>
    public static double? SecondsSince(long unixMs) => unixMs < 0 ? null : Math.Round((DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds(unixMs)).TotalSeconds, 1);
}
