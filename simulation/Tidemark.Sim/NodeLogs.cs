using System.Globalization;
using Microsoft.Extensions.Logging;
using Tidemark.Simulator;

namespace Tidemark.Sim;

/// <summary>Prints what a node logs, with the simulated time.</summary>
internal sealed class NodeLogs(VirtualTime time, int node) : ILoggerFactory, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.Elapsed.TotalSeconds,10:0.000000}      node {node} {logLevel}: {formatter(state, exception)} {exception}"));

    public void Dispose()
    {
    }
}
