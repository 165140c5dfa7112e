using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>Reads the sinks with read_committed, at leaders and at others, and remembers all it was given.</summary>
public sealed class CommittedReaderClient(SimulatedCluster cluster, ScenarioTrace trace, History history, CopyCheck check, string name)
    : ScenarioClient(cluster, trace, history, name)
{
    private readonly Dictionary<PartitionId, long> _positions = [];

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(20, 300);
            PartitionId[] sinks = [.. Known.Where(each => each.Topic.StartsWith("sink", StringComparison.Ordinal))];
            if (sinks.Length == 0 || Random.Chance(0.1))
            {
                await Refresh();
                continue;
            }

            PartitionId sink = sinks[Random.Next(sinks.Length)];
            long from = _positions.GetValueOrDefault(sink);
            int node = Random.Chance(0.3) ? AnyNode() : LeaderOf(sink) ?? AnyNode();
            FetchResponse? answer = await Ask<FetchRequest, FetchResponse>(node, CopyTopics.Fetch(sink, from, isolation: 1), lowest: 13);
            if (answer is not { ErrorCode: ErrorCode.None, Responses.Count: > 0 } || answer.Responses[0].Partitions[0] is not { ErrorCode: ErrorCode.None } data)
            {
                continue;
            }

            List<(long Offset, string Value)> values = CopyTopics.Values(data, from);
            check.Read(sink, from, values, $"{Name} at node {node}");
            _positions[sink] = CopyTopics.Next(data, from);
        }
    }
}
