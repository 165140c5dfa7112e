using System.CommandLine;

namespace Tidemark.Commands.Configs;

/// <summary><c>tidemark configs</c>: what is set for topics, brokers, groups, client metrics and loggers.</summary>
internal static class ConfigsCommand
{
    public static Command Define() => new("configs", "Show and change configurations while brokers run.")
    {
        DescribeConfigsCommand.Define(),
        AlterConfigsCommand.Define(),
        ListConfigsCommand.Define(),
    };
}
