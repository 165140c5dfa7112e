using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Configs;

/// <summary><c>tidemark configs</c>: what is set for topics, brokers, groups, client metrics and loggers.</summary>
internal static class ConfigsCommand
{
    public static Command Define() => new ExampledCommand(
        "configs",
        "Show and change configurations while brokers run.",
        "tidemark configs describe --topic orders --all",
        "tidemark configs alter --topic orders --set retention.ms=86400000")
    {
        DescribeConfigsCommand.Define(),
        AlterConfigsCommand.Define(),
        ListConfigsCommand.Define(),
    };
}
