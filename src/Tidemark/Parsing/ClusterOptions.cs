using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Primitives;

namespace Tidemark.Parsing;

/// <summary>
/// What all commands that talk to a cluster share: where it is, how long to wait, whether to write JSON; and how their failures end.
/// </summary>
internal sealed class ClusterOptions
{
    private readonly Option<string> _bootstrap = new("--bootstrap-server", "-b")
    {
        Description = "Brokers to ask first, host:port with commas between them; TIDEMARK_BOOTSTRAP sets another default.",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("TIDEMARK_BOOTSTRAP") is { Length: > 0 } set ? set : "127.0.0.1:9092",
    };

    private readonly Option<double> _timeout = new Option<double>("--timeout") { Description = "How long to wait for an answer, and to try again what may pass, in seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 30 }.Between(0.1, 86_400);
    private readonly Option<bool> _json = JsonOption.Create();

    private ClusterOptions(Command command)
    {
        command.Add(_bootstrap);
        command.Add(_timeout);
        command.Add(_json);
    }

    /// <summary>Adds the options to a command and says what it does; the work gets a client, and is cancelled by Ctrl-C.</summary>
    public static void Attach(Command command, Func<ClusterCall, Task<int>> work)
    {
        var options = new ClusterOptions(command);
        command.SetAction((parsed, cancellation) => options.Run(parsed, work, cancellation));
    }

    private Task<int> Run(ParseResult parsed, Func<ClusterCall, Task<int>> work, CancellationToken cancellation) => CommandLine.Guard(async () =>
    {
        IReadOnlyList<BrokerAddress> bootstrap;
        try
        {
            bootstrap = BrokerAddress.ParseList(parsed.GetRequiredValue(_bootstrap));
        }
        catch (FormatException wrong)
        {
            throw new CommandException(ExitCode.Usage, $"--bootstrap-server {parsed.GetValue(_bootstrap)}: {wrong.Message}");
        }

        TimeSpan timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout));
        var client = new ClientOptions
        {
            BootstrapServers = bootstrap,
            ConnectTimeout = timeout < TimeSpan.FromSeconds(10) ? timeout : TimeSpan.FromSeconds(10),

            // A little longer than the attempt's own limits, which say what was not answered.
            SetupTimeout = timeout < TimeSpan.FromSeconds(12) ? timeout + TimeSpan.FromSeconds(0.5) : TimeSpan.FromSeconds(12),
            NextBrokerAfter = timeout < TimeSpan.FromSeconds(5) ? timeout / (bootstrap.Count + 4) : TimeSpan.FromSeconds(1),
            RequestTimeout = timeout,
            RetryMax = timeout,
        };
        await using var cluster = new ClusterClient(client);
        try
        {
            return await work(new ClusterCall(parsed, cluster, client, parsed.GetValue(_json), timeout, cancellation));
        }
        catch (Exception failure) when (failure is BrokerUnreachableException or RequestTimedOutException)
        {
            throw new CommandException(ExitCode.Unreachable, failure.Message);
        }
        catch (ClientException failure)
        {
            throw new CommandException(ExitCode.Failed, failure.Message);
        }
    });
}

/// <summary>One run of a command that talks to a cluster.</summary>
internal sealed record ClusterCall(ParseResult Arguments, ClusterClient Cluster, ClientOptions Options, bool Json, TimeSpan Timeout, CancellationToken Cancellation)
{
    public int TimeoutMs => (int)Math.Min(Timeout.TotalMilliseconds, int.MaxValue);

    /// <summary>The value of an argument that the parser has made sure of.</summary>
    public T Get<T>(Argument<T> argument) => Arguments.GetRequiredValue(argument);

    public T? Get<T>(Option<T> option) => Arguments.GetValue(option);

    /// <summary>Ends the command when the broker refused.</summary>
    public static void Require(ErrorCode code, string what, string? detail) => BrokerErrorException.ThrowIfError(code, what, detail);
}
