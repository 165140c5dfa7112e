using Microsoft.Extensions.Logging;
using Tidemark.Server.Configuration;
using Tidemark.Server.Logging;

namespace Tidemark.Server.Lifecycle;

/// <summary>A node for as long as the process lives: from the start until a signal or a failure ends it.</summary>
public static partial class NodeProcess
{
    private static readonly TimeSpan s_startGrace = TimeSpan.FromSeconds(2);

    /// <summary>Runs the node; answers the process's exit code.</summary>
    /// <param name="warnings">What was odd in the properties; logged first.</param>
    /// <param name="onReady">Told once, when clients are served.</param>
    /// <param name="supervised">Whether another process looks after this one; see <see cref="StopSignals"/>.</param>
    /// <exception cref="ConfigurationException">The properties, or the directories they name, cannot be used.</exception>
    /// <exception cref="NodeStartException">The node cannot start.</exception>
    public static int Run(NodeOptions options, IReadOnlyList<string> warnings, StreamLoggerFactory logs, Action<Node> onReady, bool supervised = false)
    {
        ILogger log = logs.CreateLogger("Tidemark.Server");
        foreach (string warning in warnings)
        {
            LogConfiguration(log, warning);
        }

        using var invariants = new BrokenInvariants(broken =>
        {
            LogBroken(log, broken.Message);
            Environment.FailFast(broken.Message, broken);
        });
        using var signals = new StopSignals(supervised);
        return RunAsync(options, logs, log, signals.Stopping, onReady).GetAwaiter().GetResult();
    }

    private static async Task<int> RunAsync(NodeOptions options, StreamLoggerFactory logs, ILogger log, CancellationToken stopping, Action<Node> onReady)
    {
        await using var node = new Node(options, logs);
        var stop = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = stopping.Register(stop.SetResult);

        // A signal while the logs are loaded waits for them: stopped halfway, they would have to be recovered once more. A node that waits for
        // its cluster stops all the same.
        Task starting = node.StartAsync();
        if (await Task.WhenAny(starting, Later(stop.Task, s_startGrace), node.Failed) == starting)
        {
            await starting;
            if (!stopping.IsCancellationRequested)
            {
                onReady(node);
            }
        }

        if (await Task.WhenAny(stop.Task, node.Failed) == node.Failed)
        {
            string why = await node.Failed;
            LogFailed(log, why);
            await node.StopAsync();
            throw new NodeStartException(why);
        }

        LogStopping(log);
        await node.StopAsync();
        return 0;
    }

    private static async Task Later(Task after, TimeSpan delay)
    {
        await after;
        await Task.Delay(delay);
    }

    [LoggerMessage(EventId = 5030, Level = LogLevel.Warning, Message = "{Warning}")]
    private static partial void LogConfiguration(ILogger log, string warning);

    [LoggerMessage(EventId = 5031, Level = LogLevel.Information, Message = "Stopping; a second signal ends the process at once")]
    private static partial void LogStopping(ILogger log);

    [LoggerMessage(EventId = 5032, Level = LogLevel.Critical, Message = "The node cannot go on: {Why}")]
    private static partial void LogFailed(ILogger log, string why);

    [LoggerMessage(EventId = 5033, Level = LogLevel.Critical, Message = "The node ends at once, since it is in a state that cannot be: {What}")]
    private static partial void LogBroken(ILogger log, string what);
}
