using System.CommandLine;
using Tidemark.Metadata.Configuration;
using Tidemark.Parsing;

namespace Tidemark.Commands.Configs;

/// <summary><c>tidemark configs alter</c></summary>
internal static class AlterConfigsCommand
{
    public static Command Define()
    {
        var target = new ConfigTarget();
        var changes = new ConfigChangeOptions();
        var command = new ExampledCommand(
            "alter",
            "Change a configuration. It takes effect at once.",
            "tidemark configs alter --topic orders --set retention.ms=86400000 --unset segment.bytes",
            "tidemark configs alter --broker-defaults --set log.retention.ms=7200000");
        target.AddTo(command);
        changes.AddTo(command);
        ClusterOptions.Attach(
            command,
            call =>
            {
                (ConfigResourceType type, string name) = target.Read(call);
                return changes.ApplyAsync(call, type, name);
            });
        return command;
    }
}
