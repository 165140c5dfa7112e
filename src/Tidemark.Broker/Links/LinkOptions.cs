namespace Tidemark.Broker.Links;

/// <summary>
/// How links to other nodes behave. Where Kafka's clients have the setting it is named; between its nodes Kafka is quicker than its clients are, and so are these.
/// </summary>
public sealed record LinkOptions
{
    /// <summary>What the peers' logs and quotas know this node by; the link's purpose is added to it.</summary>
    public string ClientId { get; init; } = "tidemark";

    /// <summary>What peers are told in ApiVersions beside the name <c>tidemark</c> (KIP-511).</summary>
    public string SoftwareVersion { get; init; } = "0.1.0";

    /// <summary>
    /// How long connecting and the exchange of versions may take together (<c>socket.connection.setup.timeout.ms</c>). The system asks again after 1, 3 and
    /// 7 seconds, so a longer wait would find a network that is whole again later than a new attempt does.
    /// </summary>
    public TimeSpan SetupTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The wait after a first attempt that came to nothing (<c>reconnect.backoff.ms</c>); it doubles with every further one.</summary>
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest wait between attempts (<c>reconnect.backoff.max.ms</c>). A node that has come back should not be waited for because it was away for long.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromMilliseconds(200);
}
