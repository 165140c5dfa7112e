using System.CommandLine;
using Tidemark.Commands.Clusters;
using Tidemark.Parsing;

namespace Tidemark.Commands.Quorum;

/// <summary><c>tidemark quorum</c>: who keeps the metadata log.</summary>
internal static class QuorumCommand
{
    public static Command Define() => new ExampledCommand(
        "quorum",
        "Show and change who keeps the metadata log.",
        "tidemark quorum status",
        "tidemark quorum remove-voter 3")
    {
        DescribeQuorumCommand.Attach(new ExampledCommand("status", "Show the leader, the voters and the observers, and how far each has got.", "tidemark quorum status", "tidemark quorum status --json")),
        AddVoterCommand.Define(),
        RemoveVoterCommand.Define(),
    };
}
