using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>
/// The log of the process: every entry is written to one stream at once, whole, under a lock, so that nothing is lost when the
/// process dies and no two lines mix. A stream that fails (a closed pipe) silences the log and never the node.
/// </summary>
public sealed class StreamLoggerFactory(Stream to, ILogFormat format, LogLevels levels, TimeProvider time) : ILoggerFactory
{
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, bool> _areas = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _line = new(1024);

    public LogLevels Levels => levels;

    /// <summary>The areas that have written, or could.</summary>
    public IEnumerable<string> Areas => _areas.Keys;

    public ILogger CreateLogger(string categoryName)
    {
        string area = LogLevels.AreaOf(categoryName);
        _areas[area] = true;
        return new AreaLogger(this, levels, area);
    }

    /// <summary>Providers are for hosts of several sinks; this log has one.</summary>
    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("the log has one sink");

    public void Dispose()
    {
    }

    internal void Write(LogLevel level, string area, EventId id, string message, IReadOnlyList<KeyValuePair<string, object?>>? fields, Exception? exception)
    {
        var entry = new LogEntry(time.GetUtcNow(), level, area, id, message, fields, exception);
        lock (_lock)
        {
            _line.ResetWrittenCount();
            format.Write(_line, entry);
            try
            {
                to.Write(_line.WrittenSpan);
                to.Flush();
            }
            catch (IOException)
            {
                // Whoever read the log is gone; the node goes on without one.
            }
        }
    }
}
