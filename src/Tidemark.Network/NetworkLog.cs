using Microsoft.Extensions.Logging;

namespace Tidemark.Network;

/// <summary>What the network logs. Event ids from 4000. A line of every start takes its number as an object, as the quorum's do.</summary>
internal static partial class NetworkLog
{
    [LoggerMessage(4000, LogLevel.Information, "Listening on {Listener}://{Host}:{Port}")]
    public static partial void Listening(ILogger logger, string listener, string host, object port);

    [LoggerMessage(4001, LogLevel.Debug, "Connection {Id} from {Address}:{Port} on {Listener} is open")]
    public static partial void Opened(ILogger logger, long id, string address, int port, string listener);

    [LoggerMessage(4002, LogLevel.Debug, "Connection {Id} from {Address}:{Port} is closed: {Reason}")]
    public static partial void Closed(ILogger logger, long id, string address, int port, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Cut off connection {Id} from {Address}:{Port}: {Reason}{Suppressed}")]
    public static partial void CutOff(ILogger logger, long id, string address, int port, string reason, string suppressed);

    [LoggerMessage(4004, LogLevel.Warning, "Refused a connection from {Address}: it has as many as max.connections.per.ip allows{Suppressed}")]
    public static partial void Refused(ILogger logger, string address, string suppressed);

    [LoggerMessage(4005, LogLevel.Warning, "Not accepting connections on {Listener}: {Reason}{Suppressed}")]
    public static partial void AcceptPaused(ILogger logger, string listener, string reason, string suppressed);

    [LoggerMessage(4007, LogLevel.Debug, "Connections on {Listener} come faster than max.connection.creation.rate allows: the next is taken in {Milliseconds} ms")]
    public static partial void AcceptThrottled(ILogger logger, string listener, long milliseconds);

    [LoggerMessage(4006, LogLevel.Error, "The handler of connection {Id} from {Address}:{Port} failed{Suppressed}")]
    public static partial void HandlerFailed(ILogger logger, Exception error, long id, string address, int port, string suppressed);

    [LoggerMessage(4008, LogLevel.Error, "What waited for the connection to {Host}:{Port} failed{Suppressed}")]
    public static partial void LinkFailed(ILogger logger, Exception error, string host, int port, string suppressed);

    [LoggerMessage(4009, LogLevel.Warning, "A request of {Size} bytes on connection {Id} from {Address}:{Port} waits, since requests take queued.max.request.bytes{Suppressed}")]
    public static partial void RequestWaits(ILogger logger, long id, string address, int port, int size, string suppressed);
}
