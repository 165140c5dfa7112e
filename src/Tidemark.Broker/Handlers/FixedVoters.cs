using Tidemark.Primitives;

namespace Tidemark.Broker.Handlers;

/// <summary>The quorum has one voter, named by the configuration: whoever asks for another one is told why that cannot be.</summary>
internal static class FixedVoters
{
    public static (ErrorCode Code, string Message) Refuse(string? askedCluster, string? ownCluster) =>
        askedCluster is not null && askedCluster != ownCluster
            ? (ErrorCode.InconsistentClusterId, $"This is cluster {ownCluster}, not {askedCluster}.")
            : (ErrorCode.UnsupportedVersion, "The voters of this quorum are fixed.");
}
