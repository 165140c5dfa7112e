using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Tidemark.Parsing;

/// <summary>The parser's help, with the examples of the command below it, and below all commands the exit codes.</summary>
internal sealed class ExamplesHelp(HelpAction inner) : SynchronousCommandLineAction
{
    // Help answers whatever else stands on the line, as it does without examples.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int result = inner.Invoke(parseResult);
        Command command = parseResult.CommandResult.Command;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        IReadOnlyList<string> examples = command is ExampledCommand exampled ? exampled.Examples : command is RootCommand ? CommandLine.Examples : [];
        if (examples.Count > 0)
        {
            output.WriteLine("Examples:");
            foreach (string example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        if (command is RootCommand)
        {
            output.WriteLine(ExitCode.Explanation);
        }

        return result;
    }
}
