using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>The logger of one area, which asks for its level again only when some level was changed.</summary>
internal sealed class AreaLogger(StreamLoggerFactory sink, LogLevels levels, string area) : ILogger
{
    private LogLevel _level = levels.For(area);
    private int _version = levels.Version;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel)
    {
        if (_version != levels.Version)
        {
            // A race with another change is settled by the next call, for the version is read before the level.
            _version = levels.Version;
            _level = levels.For(area);
        }

        return logLevel != LogLevel.None && logLevel >= _level;
    }

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            sink.Write(logLevel, area, eventId, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>>, exception);
        }
    }
}
