using System.CommandLine;
using Tidemark.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Parsing;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics alter</c>: the same as <c>configs alter --topic</c>, where people look for it first.</summary>
internal static class AlterTopicCommand
{
    public static Command Define()
    {
        Argument<string> name = TopicsCommand.Name();
        var changes = new ConfigChangeOptions();
        var command = new ExampledCommand("alter", "Change a topic's configuration.", "tidemark topics alter orders --set retention.ms=86400000", "tidemark topics alter orders --unset retention.ms") { name };
        changes.AddTo(command);
        ClusterOptions.Attach(command, call => changes.ApplyAsync(call, ConfigResourceType.Topic, call.Get(name)));
        return command;
    }
}
