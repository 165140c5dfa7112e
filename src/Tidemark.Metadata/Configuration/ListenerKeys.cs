using System.Collections.Immutable;

namespace Tidemark.Metadata.Configuration;

/// <summary>Broker keys of a single listener: <c>listener.name.NAME.KEY</c> stands above KEY for the listener NAME, and follows its rules.</summary>
public static class ListenerKeys
{
    private const string Prefix = "listener.name.";

    /// <summary>Keys that may be set for a listener of all brokers; every other key of a listener is a single broker's.</summary>
    private static readonly ImmutableArray<string> s_ofAllBrokers = ["max.connections", "max.connection.creation.rate", "num.network.threads"];

    /// <summary>What is behind the listener's name; null where the key is no listener's.</summary>
    public static string? Behind(string name)
    {
        int at = name.StartsWith(Prefix, StringComparison.Ordinal) ? name.IndexOf('.', Prefix.Length) : -1;
        return at < 0 ? null : name[(at + 1)..];
    }

    /// <summary>Whether the key is a listener's and may not be set for all brokers at once.</summary>
    public static bool IsOfSingleBroker(string name) => Behind(name) is { } plain && !s_ofAllBrokers.Contains(plain);

    /// <summary>
    /// Whether the key says with which keys and certificates a listener speaks: while the broker runs these change for one listener at a time,
    /// so without a listener's name they are refused.
    /// </summary>
    public static bool NeedsListener(string name) =>
        name is "ssl.key.password" or "ssl.truststore.type" or "ssl.truststore.location" or "ssl.truststore.password" or "ssl.truststore.certificates"
            or "ssl.keystore.type" or "ssl.keystore.location" or "ssl.keystore.password" or "ssl.keystore.key" or "ssl.keystore.certificate.chain";
}
