using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>Changes who votes in the metadata quorum (KIP-853): first makes voters of all nodes, then takes one out and puts one in, again and again.</summary>
public sealed class VoterClient(SimulatedCluster cluster, ScenarioTrace trace, History history)
    : ScenarioClient(cluster, trace, history, "quorum-administrator")
{
    /// <summary>Completes when all nodes have been voters once.</summary>
    public bool HasAddedAll { get; private set; }

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            if (await Voters() is { } voters)
            {
                HasAddedAll |= voters.Count == Cluster.Nodes.Count;
                int[] others = [.. Cluster.Nodes.Select(node => node.Id).Where(id => !voters.Contains(id))];
                if (others.Length > 0 && (!HasAddedAll || voters.Count <= 2 || Random.Chance(0.5)))
                {
                    await Add(others[Random.Next(others.Length)]);
                }
                else if (HasAddedAll)
                {
                    await Remove(voters[Random.Next(voters.Count)]);
                }
            }

            await (HasAddedAll ? Rest(500, 3000) : Rest(20, 100));
        }
    }

    private async Task<IReadOnlyList<int>?> Voters()
    {
        DescribeQuorumResponse? answer = await Ask<DescribeQuorumRequest, DescribeQuorumResponse>(
            AnyNode(), new DescribeQuorumRequest { Topics = [new() { TopicName = "__cluster_metadata", Partitions = [new() { PartitionIndex = 0 }] }] });
        return answer is { ErrorCode: ErrorCode.None, Topics: [{ Partitions: [{ ErrorCode: ErrorCode.None } partition] }] }
            ? [.. partition.CurrentVoters.Select(voter => voter.ReplicaId)]
            : null;
    }

    private async Task Add(int node)
    {
        AddRaftVoterResponse? answer = await Ask<AddRaftVoterRequest, AddRaftVoterResponse>(AnyNode(), new AddRaftVoterRequest
        {
            ClusterId = SimulatedCluster.ClusterId,
            TimeoutMs = 3000,
            VoterId = node,
            VoterDirectoryId = Cluster[node].DirectoryId,
            Listeners = [new() { Name = "CONTROLLER", Host = Cluster[node].Host.Name, Port = SimulatedNode.ControllerPort }],
        });
        Tell("add voter", node, answer?.ErrorCode);
    }

    private async Task Remove(int node)
    {
        RemoveRaftVoterResponse? answer = await Ask<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(AnyNode(), new RemoveRaftVoterRequest
        {
            ClusterId = SimulatedCluster.ClusterId,
            VoterId = node,
            VoterDirectoryId = Cluster[node].DirectoryId,
        });
        Tell("remove voter", node, answer?.ErrorCode);
    }

    private void Tell(string what, int node, ErrorCode? result)
    {
        Trace.Count($"{what}: {result?.ToString() ?? "no answer"}");
        Trace.Tell($"{Name}: {what} {node}: {result?.ToString() ?? "no answer"}");
    }
}
