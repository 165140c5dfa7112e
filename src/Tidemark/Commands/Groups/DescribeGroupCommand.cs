using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Parsing;

namespace Tidemark.Commands.Groups;

/// <summary><c>tidemark groups describe</c></summary>
internal static class DescribeGroupCommand
{
    public static Command Define()
    {
        Argument<string> name = GroupsCommand.Name();
        var members = new Option<bool>("--members", "-m") { Description = "Show the members with what they have and are to have, instead of the partitions." };
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it again and again, until Ctrl-C." };
        var interval = new Option<double>("--interval") { Description = "With --watch: how often, in seconds.", HelpName = "SECONDS", DefaultValueFactory = _ => 1 }.Between(0.1, 3600);
        var command = new ExampledCommand(
            "describe",
            "Show a group's state, its members, how far behind it is, and why it rebalanced last.",
            "tidemark groups describe billing",
            "tidemark groups describe billing --members",
            "tidemark groups describe billing --watch")
        {
            name,
            members,
            watch,
            interval,
        };
        ClusterOptions.Attach(command, async call =>
        {
            if (call.Get(watch))
            {
                await WatchAsync(call, call.Get(name), call.Get(members), TimeSpan.FromSeconds(call.Get(interval)));
            }

            (await GroupView.AskAsync(call, call.Get(name))).Write(call.Json, call.Get(members));
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Ends only by being interrupted. What fails is shown, and asked again.</summary>
    private static async Task WatchAsync(ClusterCall call, string name, bool members, TimeSpan interval)
    {
        const string ClearScreen = "\x1b[H\x1b[2J";
        await using var client = new ClusterClient(call.Cluster.Options with { RetryMax = TimeSpan.Zero });
        ClusterCall once = call with { Cluster = client };
        while (true)
        {
            GroupView? view = null;
            string? failure = null;
            try
            {
                view = await GroupView.AskAsync(once, name);
            }
            catch (ClientException failed)
            {
                failure = failed.Message;
            }

            if (!Console.IsOutputRedirected)
            {
                Console.Out.Write(ClearScreen);
            }

            view?.Write(call.Json, members);
            if (failure is not null)
            {
                CommandLine.Complain(failure);
            }

            await Console.Out.FlushAsync(call.Cancellation);
            await Task.Delay(interval, call.Cancellation);
        }
    }
}
