using Microsoft.Extensions.Logging;

namespace Tidemark.Broker.Links;

/// <summary>What is logged of connections to other nodes. Event ids 1500–1599.</summary>
internal static partial class LinkLog
{
    [LoggerMessage(1500, LogLevel.Debug, "Connected to {Address} for {Purpose}")]
    public static partial void Connected(ILogger log, NodeAddress address, string purpose);

    [LoggerMessage(1501, LogLevel.Information, "No connection to {Address} for {Purpose}: {Reason}")]
    public static partial void Ended(ILogger log, NodeAddress address, string purpose, string reason);

    [LoggerMessage(1502, LogLevel.Debug, "Still no connection to {Address} for {Purpose}: {Reason}")]
    public static partial void EndedAgain(ILogger log, NodeAddress address, string purpose, string reason);

    [LoggerMessage(1503, LogLevel.Warning, "The connection to {Address} for {Purpose} was cut off: {Reason}")]
    public static partial void Faulty(ILogger log, NodeAddress address, string purpose, string reason);
}
