using System.CommandLine;
using System.CommandLine.Help;
using Tidemark.Commands;
using Tidemark.Commands.Clusters;
using Tidemark.Commands.Configs;
using Tidemark.Commands.Logs;
using Tidemark.Commands.Perf;
using Tidemark.Commands.Topics;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark;

/// <summary>The whole command line, and how a command ends: in an exit code, and one line on standard error when it failed.</summary>
internal static class CommandLine
{
    public static int Run(string[] arguments)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput(), new System.Text.UTF8Encoding(false), 16 * 1024) { AutoFlush = !Console.IsOutputRedirected };
        Console.SetOut(output);
        int exitCode = Parse(arguments);
        try
        {
            output.Flush();
        }
        catch (IOException)
        {
            // The reader of the pipe has seen enough (head, less): no reason to complain.
        }

        return exitCode;
    }

    /// <summary>Runs what a command does and turns its failure into a line and an exit code.</summary>
    public static int Guard(Func<int> run)
    {
        try
        {
            return run();
        }
        catch (CommandException failure)
        {
            Complain(failure.Message);
            return failure.ExitCode;
        }
        catch (Exception failure) when (failure is Server.Configuration.ConfigurationException or Server.Lifecycle.NodeStartException)
        {
            Complain(failure.Message);
            return ExitCode.Failed;
        }
    }

    /// <summary>As <see cref="Guard(Func{int})"/>, for commands that wait for brokers.</summary>
    public static async Task<int> Guard(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (CommandException failure)
        {
            Complain(failure.Message);
            return failure.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (IOException failure) when (Console.IsOutputRedirected)
        {
            // A closed pipe ends a command that only writes.
            _ = failure;
            return ExitCode.Success;
        }
    }

    public static void Complain(string message) => Console.Error.WriteLine($"tidemark: {message}");

    private static int Parse(string[] arguments)
    {
        RootCommand root = Build();
        bool isSuggestion = arguments is [['[', ..], ..];
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && !isSuggestion)
        {
            foreach (var error in parsed.Errors)
            {
                Complain(error.Message);
            }

            Console.Error.WriteLine($"Try: {PathOf(parsed.CommandResult.Command)} --help");
            return ExitCode.Usage;
        }

        return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).GetAwaiter().GetResult();
    }

    private static RootCommand Build()
    {
        var root = new RootCommand("Tidemark: a replicated, partitioned commit log that every Apache Kafka client can use.")
        {
            UpCommand.Define(),
            ServerCommand.Define(),
            FormatCommand.Define(),
            TopicsCommand.Define(),
            ConfigsCommand.Define(),
            ProduceCommand.Define(),
            ConsumeCommand.Define(),
            ClusterCommand.Define(),
            LogsCommand.Define(),
            PerfCommand.Define(),
            CompletionCommand.Define(),
            DocsCommand.Define(),
        };
        root.SetAction(_ => root.Parse("--help").Invoke());
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
        {
            help.Action = new ExamplesHelp((HelpAction)help.Action!);
        }

        return root;
    }

    internal static string PathOf(Command command)
    {
        var names = new List<string>();
        for (Symbol? at = command; at is Command; at = at.Parents.FirstOrDefault())
        {
            names.Insert(0, at is RootCommand ? "tidemark" : at.Name);
        }

        return string.Join(' ', names);
    }
}
