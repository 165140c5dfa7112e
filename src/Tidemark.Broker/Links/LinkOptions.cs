namespace Tidemark.Broker.Links;

/// <summary>How links to other nodes behave, by the defaults of Kafka's clients where they have the setting.</summary>
public sealed record LinkOptions
{
    /// <summary>What the peers' logs and quotas know this node by; the link's purpose is added to it.</summary>
    public string ClientId { get; init; } = "tidemark";

    /// <summary>What peers are told in ApiVersions beside the name <c>tidemark</c> (KIP-511).</summary>
    public string SoftwareVersion { get; init; } = "0.1.0";

    /// <summary>How long connecting and the exchange of versions may take together (<c>socket.connection.setup.timeout.ms</c>).</summary>
    public TimeSpan SetupTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait after a first attempt that came to nothing (<c>reconnect.backoff.ms</c>); it doubles with every further one.</summary>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between attempts (<c>reconnect.backoff.max.ms</c>).</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(1);
}
