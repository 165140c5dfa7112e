using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Parsing;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster describe</c>, which is <c>tidemark cluster</c> too.</summary>
internal static class DescribeClusterCommand
{
    public static Command Define() => Attach(new ExampledCommand(
        "describe",
        "Show brokers, racks, what they lead, and the partitions that lack something.",
        "tidemark cluster describe",
        "tidemark cluster describe --watch",
        "tidemark cluster describe --json"));

    /// <summary>Lets a command describe the cluster.</summary>
    public static Command Attach(Command command)
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it again and again, until Ctrl-C." };
        var interval = new Option<double>("--interval") { Description = "With --watch: how often, in seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 1 }.Between(0.1, 3600);
        command.Add(watch);
        command.Add(interval);
        ClusterOptions.Attach(command, async call =>
        {
            if (call.Get(watch))
            {
                await WatchAsync(call, TimeSpan.FromSeconds(call.Get(interval)));
            }

            (await ClusterHealth.AskAsync(call)).Write(call.Json);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Ends only by being interrupted. A cluster that does not answer is shown as that, and asked again.</summary>
    private static async Task WatchAsync(ClusterCall call, TimeSpan interval)
    {
        const string ClearScreen = "\x1b[H\x1b[2J";
        await using var client = new ClusterClient(call.Cluster.Options with { RetryMax = TimeSpan.Zero });
        ClusterCall once = call with { Cluster = client };
        while (true)
        {
            ClusterHealth? health = null;
            string? failure = null;
            try
            {
                health = await ClusterHealth.AskAsync(once);
            }
            catch (ClientException unreachable)
            {
                failure = unreachable.Message;
            }

            if (!Console.IsOutputRedirected)
            {
                Console.Out.Write(ClearScreen);
            }

            health?.Write(call.Json);
            if (failure is not null)
            {
                CommandLine.Complain(failure);
            }

            await Console.Out.FlushAsync(call.Cancellation);
            await Task.Delay(interval, call.Cancellation);
        }
    }
}
