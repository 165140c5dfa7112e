using Microsoft.Extensions.Logging;
using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

/// <summary>What the broker logs of connections. Event ids 1000–1099.</summary>
internal static partial class ConnectionLog
{
    [LoggerMessage(1000, LogLevel.Information, "Connection {Id} from {Address}:{Port} closed: {Reason}")]
    public static partial void Refused(ILogger log, long id, string address, int port, string reason);

    [LoggerMessage(1001, LogLevel.Information, "Connection {Id} from {Address}:{Port} closed: malformed request ({ApiKey} version {Version}): {Reason}")]
    public static partial void Malformed(ILogger log, long id, string address, int port, ApiKey apiKey, short version, string reason);

    [LoggerMessage(1002, LogLevel.Error, "Request failed ({ApiKey} version {Version}, from {Address}:{Port})")]
    public static partial void HandlerFailed(ILogger log, Exception e, ApiKey apiKey, short version, string address, int port);
}
