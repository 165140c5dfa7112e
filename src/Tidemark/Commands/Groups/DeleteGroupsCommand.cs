using System.CommandLine;
using Tidemark.Client.Groups;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups delete</c></summary>
internal static class DeleteGroupsCommand
{
    public static Command Define()
    {
        var names = new Argument<string[]>("GROUP") { Description = "The groups.", Arity = ArgumentArity.OneOrMore };
        var command = new ExampledCommand("delete", "Delete groups without members, and all that they have committed.", "tidemark groups delete old-reports") { names };
        ClusterOptions.Attach(command, async call =>
        {
            var failed = new List<string>();
            foreach (string name in call.Get(names))
            {
                ErrorCode error = await call.Cluster.DeleteGroupAsync(name, call.Cancellation);
                if (error == ErrorCode.None)
                {
                    Outcome.Write(call.Json, $"Group {name} is deleted.", ("group", name), ("deleted", true));
                }
                else
                {
                    failed.Add(error == ErrorCode.NonEmptyGroup ? $"group {name} has members" : $"group {name}: {error.KafkaName()}");
                }
            }

            return failed.Count == 0 ? ExitCode.Success : throw new CommandException(ExitCode.Failed, string.Join("; ", failed));
        });
        return command;
    }
}
