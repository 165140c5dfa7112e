using System.CommandLine;
using Microsoft.Extensions.Logging;
using Tidemark.Server.Logging;

namespace Tidemark.Parsing;

/// <summary>How a server logs: <c>--log-format</c> and <c>--log-level</c>.</summary>
internal sealed record LogArguments(string? Format, IReadOnlyList<string> Levels)
{
    public static ReadOnlySpan<string> Names => new[] { "--log-format", "--log-level" };

    public static LogArguments From(QuickArguments read) => new(read.Find("--log-format"), read.All("--log-level"));

    /// <summary>The same as arguments for another process.</summary>
    public IReadOnlyList<string> AsArguments() => [.. Format is null ? [] : new[] { "--log-format", Format }, .. Levels.SelectMany(level => new[] { "--log-level", level })];

    /// <summary>The log itself, onto the stream.</summary>
    /// <exception cref="CommandException">A format or a level that there is not.</exception>
    public StreamLoggerFactory Open(Stream onto, bool isTerminal, LogLevel standard)
    {
        var levels = new LogLevels(standard);
        foreach (string text in Levels)
        {
            if (!levels.TryChange(text))
            {
                throw new CommandException(ExitCode.Usage, $"--log-level {text}: LEVEL or AREA=LEVEL is allowed, LEVEL one of {LogLevels.Names}");
            }
        }

        ILogFormat format = Format switch
        {
            null or "text" => new TextLogFormat(isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))),
            "json" => new JsonLogFormat(),
            _ => throw new CommandException(ExitCode.Usage, $"--log-format {Format}: text or json is allowed"),
        };
        return new StreamLoggerFactory(onto, format, levels, TimeProvider.System);
    }
}

/// <summary>The same for the parser.</summary>
internal sealed class LogOptionSet
{
    private readonly Option<string?> _format = new("--log-format") { Description = "text (the default) or json, one object a line.", HelpName = "FORMAT" };
    private readonly Option<string[]> _levels = new("--log-level") { Description = $"LEVEL for everything or AREA=LEVEL for a part, such as storage=debug; may be given again. Levels: {LogLevels.Names}.", HelpName = "LEVEL" };

    public void AddTo(Command command)
    {
        command.Add(_format);
        command.Add(_levels);
    }

    public LogArguments Read(ParseResult parsed) => new(parsed.GetValue(_format), parsed.GetValue(_levels) ?? []);
}
