using Microsoft.Extensions.Logging;

namespace Tidemark.Simulator.Scenarios;

/// <summary>Counts what the nodes log, by the names of the events, and passes it on where somebody listens.</summary>
internal sealed class NodeEvents(ScenarioTrace trace, ILoggerFactory? next) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Counter(trace, next?.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose() => next?.Dispose();

    private sealed class Counter(ScenarioTrace trace, ILogger? next) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            trace.Count($"node logs {eventId.Id} {eventId.Name}");
            next?.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
