using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics</c>: everything about topics but their records.</summary>
internal static class TopicsCommand
{
    public static Command Define() => new ExampledCommand(
        "topics",
        "List, create, describe, change and delete topics.",
        "tidemark topics create orders --partitions 6",
        "tidemark topics describe orders")
    {
        ListTopicsCommand.Define(),
        CreateTopicCommand.Define(),
        DescribeTopicCommand.Define(),
        AlterTopicCommand.Define(),
        DeleteTopicsCommand.Define(),
        AddPartitionsCommand.Define(),
        DeleteRecordsCommand.Define(),
    };

    /// <summary>The argument that names one topic.</summary>
    public static Argument<string> Name() => new("TOPIC") { Description = "The topic." };
}
