using Tidemark.Client;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Quorum;

/// <summary>The nodes that keep the metadata log, as the quorum's leader describes them.</summary>
internal static class QuorumMembers
{
    public static async Task<DescribeQuorumResponse.PartitionData> AskAsync(ClusterCall call) => (await AskAllAsync(call)).Quorum;

    /// <summary>The same with the addresses of the voters' controllers, where the brokers tell them.</summary>
    public static async Task<(DescribeQuorumResponse.PartitionData Quorum, IReadOnlyDictionary<int, string> Addresses)> AskAllAsync(ClusterCall call)
    {
        var request = new DescribeQuorumRequest
        {
            Topics = [new DescribeQuorumRequest.TopicData { TopicName = "__cluster_metadata", Partitions = [new DescribeQuorumRequest.PartitionData { PartitionIndex = 0 }] }],
        };
        DescribeQuorumResponse response = await call.Cluster.SendToAnyAsync<DescribeQuorumResponse>(request, errorOf: ErrorOf, cancellation: call.Cancellation);
        ClusterCall.Require(response.ErrorCode, "Describing the quorum", response.ErrorMessage);
        DescribeQuorumResponse.PartitionData partition = response.Topics[0].Partitions[0];
        ClusterCall.Require(partition.ErrorCode, "Describing the quorum", partition.ErrorMessage);
        return (partition, response.Nodes.Where(node => node.Listeners.Count > 0).ToDictionary(node => node.NodeId, node => $"{node.Listeners[0].Host}:{node.Listeners[0].Port}"));

        // Who has just lost the lead says so of the partition.
        static ErrorCode ErrorOf(DescribeQuorumResponse response) => response.ErrorCode != ErrorCode.None || response.Topics.Count == 0 ? response.ErrorCode : response.Topics[0].Partitions[0].ErrorCode;
    }

    /// <summary>The directory given, or the only one that the members have for the node.</summary>
    /// <exception cref="CommandException">There is none, or there are several, or the voters are fixed and have none.</exception>
    public static Uuid Directory(string? given, int node, DescribeQuorumResponse.PartitionData quorum, IEnumerable<DescribeQuorumResponse.ReplicaState> among, string what)
    {
        if (quorum.CurrentVoters.TrueForAll(voter => voter.ReplicaDirectoryId.IsZero))
        {
            throw new CommandException(ExitCode.Failed, "controller.quorum.voters fixes the voters of this cluster: they change only where the metadata log holds them (feature kraft.version 1)");
        }

        if (given is not null)
        {
            return Uuid.TryParse(given, out Uuid read) ? read : throw new CommandException(ExitCode.Usage, $"--directory {given}: 22 characters of URL-safe base64 are allowed, as in the node's meta.properties");
        }

        Uuid[] known = [.. among.Where(replica => replica.ReplicaId == node).Select(replica => replica.ReplicaDirectoryId).Distinct()];
        return known switch
        {
            [var only] => only,
            [] => throw new CommandException(ExitCode.Failed, $"node {node} is no {what} of the quorum; tidemark quorum status shows who is"),
            _ => throw new CommandException(ExitCode.Usage, $"node {node} is there with several directories, say which by --directory: {string.Join(", ", known)}"),
        };
    }
}
