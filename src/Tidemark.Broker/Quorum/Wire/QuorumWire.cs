using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum.Wire;

/// <summary>What all messages of the quorum have in common on the wire: its one partition, and how nobody is written.</summary>
internal static class QuorumWire
{
    public const string Topic = TopicImage.ClusterMetadata;

    public const int Partition = 0;

    /// <summary>A member of the quorum asks with its cluster's id; who does not know it sends none.</summary>
    public static ErrorCode CheckCluster(string? theirs, string ours) =>
        theirs is null || theirs == ours ? ErrorCode.None : ErrorCode.InconsistentClusterId;

    public static bool IsQuorum(string topic, int partition) => topic == Topic && partition == Partition;

    public static int Wire(BrokerId? leader) => leader?.Value ?? -1;

    public static BrokerId? Leader(int wire) => wire < 0 ? null : new BrokerId(wire);

    /// <summary>The member's endpoint on the listener that was asked on; null when it has none there.</summary>
    public static VoterEndpoint? Endpoint(IReadOnlyList<VoterEndpoint> endpoints, string listenerName)
    {
        foreach (VoterEndpoint endpoint in endpoints)
        {
            if (string.Equals(endpoint.ListenerName, listenerName, StringComparison.OrdinalIgnoreCase))
            {
                return endpoint;
            }
        }

        return null;
    }

    /// <summary>The leader's endpoints as an answer names them: one, on the listener that the asker used.</summary>
    public static IReadOnlyList<VoterEndpoint> Endpoints(string listenerName, string? host, int port) =>
        host is null || port is <= 0 or > ushort.MaxValue ? [] : [new VoterEndpoint(listenerName, host, (ushort)port)];
}
