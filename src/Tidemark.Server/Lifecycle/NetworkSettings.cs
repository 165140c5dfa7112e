using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using Tidemark.Metadata.Configuration;
using Tidemark.Network;
using Tidemark.Network.Listeners;
using Tidemark.Server.Configuration;

namespace Tidemark.Server.Lifecycle;

/// <summary>What the network is told, out of a node's configuration.</summary>
internal static class NetworkSettings
{
    private const string ListenerPrefix = "listener.name.";

    public static NetworkOptions Of(NodeOptions options, DescriptorShares descriptors)
    {
        BrokerConfig config = options.Config;
        long idleMs = config.GetLong("connections.max.idle.ms");
        return new NetworkOptions
        {
            Listeners = [.. options.Listeners.Select(l => new ListenerOptions
            {
                Name = l.Name,
                Host = l.Host,
                Port = l.Port,
                Backlog = config.GetInt("socket.listen.backlog.size"),

                // The controllers have to be reached before any of them can take a broker in, and nobody concludes anything from their ports.
                RefusesUntilStarted = !options.IsAlone && !options.ControllerListenerNames.Contains(l.Name),
            })],
            RequestBytesMax = config.GetInt("socket.request.max.bytes"),
            QueuedRequestBytesMax = config.GetLong("queued.max.request.bytes"),
            IdleMax = idleMs is > 0 and < int.MaxValue ? TimeSpan.FromMilliseconds(idleMs) : TimeSpan.Zero,
            Limits = descriptors.Within(LimitsOf(config), options.NodeListeners),
            ConnectionsChanged = descriptors.OnConnections,

            // Kafka's default of 100 KiB is below what the operating system finds out by itself; only a number in the file counts.
            SendBufferBytes = config.OfFile.ContainsKey("socket.send.buffer.bytes") ? config.GetInt("socket.send.buffer.bytes") : -1,
            ReceiveBufferBytes = config.OfFile.ContainsKey("socket.receive.buffer.bytes") ? config.GetInt("socket.receive.buffer.bytes") : -1,
            LoopCount = Math.Clamp(config.GetInt("num.network.threads"), 1, Environment.ProcessorCount),
        };
    }

    /// <exception cref="ConfigurationException">An override is not an address or a host with a count.</exception>
    public static ConnectionLimits LimitsOf(BrokerConfig config) => new()
    {
        ConnectionsMax = config.GetInt("max.connections"),
        ConnectionsPerAddressMax = config.GetInt("max.connections.per.ip"),
        CreationRateMax = config.GetInt("max.connection.creation.rate"),
        OfListeners = ListenersOf(config),
        PerAddressOverrides = OverridesOf(config.GetString("max.connections.per.ip.overrides")),
    };

    private static FrozenDictionary<string, ListenerLimits> ListenersOf(BrokerConfig config)
    {
        var limits = new Dictionary<string, ListenerLimits>(StringComparer.Ordinal);
        foreach (var layer in new[] { config.OfFile, config.OfAllBrokers, config.OfThisBroker })
        {
            foreach ((string key, string value) in layer.Where(each => each.Key.StartsWith(ListenerPrefix, StringComparison.Ordinal)))
            {
                int dot = key.IndexOf('.', ListenerPrefix.Length);
                string name = dot < 0 ? "" : key[ListenerPrefix.Length..dot].ToUpperInvariant();
                ListenerLimits known = limits.GetValueOrDefault(name, new ListenerLimits());
                switch (dot < 0 ? "" : key[(dot + 1)..])
                {
                    case "max.connections":
                        limits[name] = known with { ConnectionsMax = Limit(key, value) };
                        break;
                    case "max.connection.creation.rate":
                        limits[name] = known with { CreationRateMax = Limit(key, value) };
                        break;
                }
            }
        }

        return limits.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static int Limit(string key, string value) =>
        int.TryParse(value.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit
            : throw new ConfigurationException(key, value, "a whole number of at least 0 is allowed");

    private static FrozenDictionary<IPAddress, int> OverridesOf(string text)
    {
        var overrides = new Dictionary<IPAddress, int>();
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = entry.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(entry.AsSpan(colon + 1), out int limit) || limit < 0)
            {
                throw new ConfigurationException("max.connections.per.ip.overrides", text, "address:count with commas between them is allowed");
            }

            foreach (IPAddress address in AddressesOf(entry[..colon], text))
            {
                overrides[address] = limit;
            }
        }

        return overrides.ToFrozenDictionary();
    }

    private static IReadOnlyList<IPAddress> AddressesOf(string host, string text)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [address];
        }

        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (System.Net.Sockets.SocketException unknown)
        {
            throw new ConfigurationException("max.connections.per.ip.overrides", text, $"{host} is no address and no host that can be found ({unknown.Message})");
        }
    }
}
