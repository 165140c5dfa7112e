using System.Globalization;

namespace Tidemark.Server.Configuration;

/// <summary>A listener as it is written: <c>NAME://host:port</c>. An empty host means all interfaces, port 0 any free port.</summary>
public sealed record Listener(string Name, string Host, int Port)
{
    /// <summary>Reads a list of listeners; names are told apart without regard to case, and kept in capitals, as Kafka does.</summary>
    /// <exception cref="ConfigurationException">A listener that is none, or a name or port that comes twice.</exception>
    public static IReadOnlyList<Listener> ParseList(string key, string value)
    {
        const string Form = "a comma-separated list of NAME://host:port is allowed";
        var listeners = new List<Listener>();
        foreach (string part in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int scheme = part.IndexOf("://", StringComparison.Ordinal);
            int colon = part.LastIndexOf(':');
            if (scheme <= 0 || colon < scheme + 3 || !ushort.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            {
                throw new ConfigurationException(key, value, $"{part} is no listener; {Form}");
            }

            string host = part[(scheme + 3)..colon];
            if (host.StartsWith('[') && host.EndsWith(']'))
            {
                host = host[1..^1];
            }
            else if (host.Contains(':'))
            {
                throw new ConfigurationException(key, value, $"{part}: an IPv6 address stands in brackets; {Form}");
            }

            listeners.Add(new Listener(part[..scheme].ToUpperInvariant(), host, port));
        }

        foreach (IGrouping<string, Listener> same in listeners.GroupBy(l => l.Name).Where(g => g.Count() > 1))
        {
            throw new ConfigurationException(key, value, $"each listener needs a name of its own, and {same.Key} comes twice");
        }

        return listeners;
    }

    /// <summary>As it stands in a configuration file.</summary>
    public override string ToString() => Host.Contains(':') ? $"{Name}://[{Host}]:{Port}" : $"{Name}://{Host}:{Port}";
}
