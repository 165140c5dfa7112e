using System.CommandLine;
using System.CommandLine.Help;
using Microsoft.Win32.SafeHandles;
using Tidemark.Commands;
using Tidemark.Commands.Clusters;
using Tidemark.Commands.Configs;
using Tidemark.Commands.Groups;
using Tidemark.Commands.Logs;
using Tidemark.Commands.Perf;
using Tidemark.Commands.Quorum;
using Tidemark.Commands.Reassignments;
using Tidemark.Commands.Topics;
using Tidemark.Commands.Transactions;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark;

/// <summary>The whole command line, and how a command ends: in an exit code, and one line on standard error when it failed.</summary>
internal static class CommandLine
{
    /// <summary>The number of its file.</summary>
    public const int StandardOutput = 1;

    /// <summary>The first steps, shown below the help on all of it.</summary>
    public static IReadOnlyList<string> Examples { get; } =
    [
        "tidemark up",
        "tidemark topics create greetings --partitions 3",
        "echo hello | tidemark produce greetings",
        "tidemark consume greetings",
    ];

    public static int Run(string[] arguments)
    {
        using var output = new StreamWriter(OpenOutput(), new System.Text.UTF8Encoding(false), 16 * 1024) { AutoFlush = !Console.IsOutputRedirected };
        Console.SetOut(output);
        try
        {
            int exitCode = Parse(arguments);
            output.Flush();
            return exitCode;
        }
        catch (BrokenPipeException)
        {
            // The reader of the pipe has seen enough (head, less): no reason to complain, and none to go on.
            return ExitCode.Success;
        }
        catch (IOException failure)
        {
            Complain(failure.Message);
            return ExitCode.Failed;
        }
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
        catch (Exception failure) when (failure is Server.Configuration.ConfigurationException or Server.Lifecycle.NodeStartException or UnauthorizedAccessException
            || failure is IOException and not BrokenPipeException)
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
        catch (Exception failure) when (failure is UnauthorizedAccessException || failure is IOException and not BrokenPipeException)
        {
            Complain(failure.Message);
            return ExitCode.Failed;
        }
    }

    /// <summary>Says why the command fails, on one line however many the reason has.</summary>
    public static void Complain(string message) => Note($"tidemark: {message.ReplaceLineEndings(" ")}");

    /// <summary>Writes a line to standard error. Where that is closed or full nobody is left to be told, and the exit code has to do.</summary>
    public static void Note(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
        }
    }

    /// <summary>
    /// Standard output. The runtime's own stream swallows what a closed pipe does not take, and a command that follows a topic would go
    /// on for nobody; a file must be written by that one, because it may be shared with standard error.
    /// </summary>
    private static Stream OpenOutput()
    {
        if (!Console.IsOutputRedirected)
        {
            return Console.OpenStandardOutput();
        }

        var file = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return file.CanSeek ? new CommandOutput(Console.OpenStandardOutput(), isPipe: false) : new CommandOutput(file, isPipe: true);
    }

    private static int Parse(string[] arguments)
    {
        RootCommand root = Build();
        bool isSuggestion = arguments is [['[', ..], ..];
        ParseResult parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0 && !isSuggestion)
        {
            foreach (string error in Errors(parsed))
            {
                Complain(error);
            }

            Note($"Try: {PathOf(parsed.CommandResult.Command)} --help");
            return ExitCode.Usage;
        }

        return parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).GetAwaiter().GetResult();
    }

    /// <summary>What the parser found wrong. Where only the beginning of a command was given, what may follow is all there is to say.</summary>
    private static IEnumerable<string> Errors(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command.Action is not null)
        {
            return parsed.Errors.Select(error => error.Message);
        }

        string name = PathOf(command)["tidemark ".Length..];
        string allowed = Choices.Or(command.Subcommands.Where(sub => !sub.Hidden).Select(sub => sub.Name));
        string? given = parsed.UnmatchedTokens.FirstOrDefault(token => !token.StartsWith('-'));
        return [given is null || parsed.UnmatchedTokens[0] != given ? $"{name}: {allowed} is needed" : $"{name} {given}: {allowed} is allowed"];
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
            GroupsCommand.Define(),
            TransactionsCommand.Define(),
            ClusterCommand.Define(),
            QuorumCommand.Define(),
            ReassignCommand.Define(),
            ElectCommand.Define(),
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
