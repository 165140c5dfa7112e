using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups</c>: who reads what, how far, and how to change that.</summary>
internal static class GroupsCommand
{
    public static Command Define() => new ExampledCommand(
        "groups",
        "List, describe and delete consumer groups, and move what they have committed.",
        "tidemark groups list",
        "tidemark groups describe billing --watch",
        "tidemark groups reset-offsets billing --topic orders --to-earliest")
    {
        ListGroupsCommand.Define(),
        DescribeGroupCommand.Define(),
        ResetOffsetsCommand.Define(),
        DeleteGroupsCommand.Define(),
        DeleteOffsetsCommand.Define(),
    };

    /// <summary>The argument that names one group.</summary>
    public static Argument<string> Name() => new("GROUP") { Description = "The group." };
}
