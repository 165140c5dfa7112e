using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;

namespace Tidemark.Server.Lifecycle;

/// <summary>The process's background work: on the thread pool. What fails is logged with its name and harms nothing else; a broken invariant ends the process.</summary>
public sealed partial class ThreadPoolBackground(ILoggerFactory logs) : IBackground
{
    private readonly ILogger _log = logs.CreateLogger("Tidemark.Server");

    public void Post(string name, Action work) => ThreadPool.UnsafeQueueUserWorkItem(static state => state.Self.Run(state.Name, state.Work), (Self: this, Name: name, Work: work), preferLocal: false);

    /// <summary>Runs the work right here, and tells the log when it fails.</summary>
    internal void Run(string name, Action work)
    {
        try
        {
            work();
        }
        catch (Exception failure) when (failure is not InvariantViolationException)
        {
            LogFailed(_log, name, failure);
        }
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Error, Message = "Background work failed: {Work}")]
    private static partial void LogFailed(ILogger log, string work, Exception failure);
}
