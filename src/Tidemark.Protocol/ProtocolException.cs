namespace Tidemark.Protocol;

/// <summary>
/// Bytes that do not follow the protocol. It is the only exception that reading a message throws;
/// who reads from a connection closes it.
/// </summary>
public sealed class ProtocolException(string message) : Exception(message)
{
    internal static ProtocolException UnsupportedVersion(string message, short version) => new($"{message} has no version {version}.");

    internal static ProtocolException UnknownKey(short key) => new($"No message has the number {key}.");

    internal static ProtocolException Truncated(long wanted, int remaining) => new($"{wanted} bytes announced where {remaining} are left.");

    internal static ProtocolException NullNotAllowed() => new("Null where the message allows none.");
}
