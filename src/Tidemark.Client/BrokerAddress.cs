using System.Globalization;

namespace Tidemark.Client;

/// <summary>Where a broker listens.</summary>
public readonly record struct BrokerAddress(string Host, int Port)
{
    /// <summary>Kafka's usual port.</summary>
    public const int DefaultPort = 9092;

    /// <summary>Reads <c>host:port,host:port</c>, IPv6 addresses in brackets. A port that is left out is 9092.</summary>
    /// <exception cref="FormatException">An entry is no address.</exception>
    public static IReadOnlyList<BrokerAddress> ParseList(string list)
    {
        BrokerAddress[] addresses = [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse)];
        return addresses.Length > 0 ? addresses : throw new FormatException("No bootstrap server is named; give host:port");
    }

    /// <summary>Reads <c>host:port</c>.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static BrokerAddress Parse(string text)
    {
        int bracket = text.IndexOf(']', StringComparison.Ordinal);
        int colon = text.IndexOf(':', Math.Max(0, bracket));
        string host = (colon < 0 ? text : text[..colon]).Trim('[', ']');
        int port = DefaultPort;
        bool good = host.Length > 0
            && (colon < 0 || (int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535));
        return good ? new BrokerAddress(host, port) : throw new FormatException($"'{text}' is no address of a broker; give host:port");
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
