using System.Collections.Frozen;
using System.Net;

namespace Tidemark.Network.Listeners;

/// <summary>How many connections may be open, and how fast new ones may come. May be replaced while the broker runs; connections that are open stay.</summary>
public sealed record ConnectionLimits
{
    public static readonly ConnectionLimits Unlimited = new();

    /// <summary>In the whole process (<c>max.connections</c>). When reached, new connections wait in the backlog until one ends.</summary>
    public int ConnectionsMax { get; init; } = int.MaxValue;

    /// <summary>How many more there may be on <see cref="NodeListeners"/>, which clients cannot take away.</summary>
    public int NodeConnectionsMore { get; init; }

    /// <summary>The listeners that only other nodes of the cluster need, by name in capitals.</summary>
    public FrozenSet<string> NodeListeners { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Why there may be no more than that, in words for the log.</summary>
    public string ConnectionsMaxReason { get; init; } = "max.connections is reached";

    /// <summary>
    /// New connections a second in the whole process (<c>max.connection.creation.rate</c>, KIP-612). Those that come faster wait in the
    /// backlog. What was not used in the last ten seconds may be used at once, as in Kafka, whose rate is an average over such a time.
    /// </summary>
    public int CreationRateMax { get; init; } = int.MaxValue;

    /// <summary>What single listeners may have, below the limits of the process (<c>listener.name.NAME.max.connections</c> and the like), by name in capitals.</summary>
    public FrozenDictionary<string, ListenerLimits> OfListeners { get; init; } = FrozenDictionary<string, ListenerLimits>.Empty;

    /// <summary>From one address (<c>max.connections.per.ip</c>). Connections beyond it are closed at once.</summary>
    public int ConnectionsPerAddressMax { get; init; } = int.MaxValue;

    /// <summary>For single addresses instead (<c>max.connections.per.ip.overrides</c>).</summary>
    public FrozenDictionary<IPAddress, int> PerAddressOverrides { get; init; } = FrozenDictionary<IPAddress, int>.Empty;
}

/// <summary>What one listener may have.</summary>
/// <param name="ConnectionsMax">Connections that may be open.</param>
/// <param name="CreationRateMax">New connections a second.</param>
public sealed record ListenerLimits(int ConnectionsMax = int.MaxValue, int CreationRateMax = int.MaxValue);
