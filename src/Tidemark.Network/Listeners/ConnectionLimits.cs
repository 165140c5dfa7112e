using System.Collections.Frozen;
using System.Net;

namespace Tidemark.Network.Listeners;

/// <summary>How many connections may be open. May be replaced while the broker runs; connections that are open stay.</summary>
public sealed record ConnectionLimits
{
    public static readonly ConnectionLimits Unlimited = new();

    /// <summary>In the whole process (<c>max.connections</c>). When reached, new connections wait in the backlog until one ends.</summary>
    public int ConnectionsMax { get; init; } = int.MaxValue;

    /// <summary>From one address (<c>max.connections.per.ip</c>). Connections beyond it are closed at once.</summary>
    public int ConnectionsPerAddressMax { get; init; } = int.MaxValue;

    /// <summary>For single addresses instead (<c>max.connections.per.ip.overrides</c>).</summary>
    public FrozenDictionary<IPAddress, int> PerAddressOverrides { get; init; } = FrozenDictionary<IPAddress, int>.Empty;
}
