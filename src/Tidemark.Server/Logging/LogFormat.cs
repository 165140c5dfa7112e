using Microsoft.Extensions.Logging;

namespace Tidemark.Server.Logging;

/// <summary>One entry of the log, as the loggers hand it to a format.</summary>
/// <param name="Fields">The values of the message's placeholders by name, where the entry has them.</param>
public readonly record struct LogEntry(
    DateTimeOffset Time,
    LogLevel Level,
    string Area,
    EventId Event,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>>? Fields,
    Exception? Exception);

/// <summary>Writes entries as bytes, each with the line break that ends it.</summary>
public interface ILogFormat
{
    void Write(System.Buffers.IBufferWriter<byte> to, in LogEntry entry);
}
