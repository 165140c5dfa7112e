using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>Asks in the end how far each group has come.</summary>
/// <param name="isWhole">False where a transaction's coordinator may have lost what it knew: its offsets stay pending.</param>
public sealed class OffsetAuditClient(SimulatedCluster cluster, ScenarioTrace trace, History history, GroupHistory groups, bool isWhole)
    : ScenarioClient(cluster, trace, history, "auditor")
{
    /// <summary>By group and partition; what is not there was never committed.</summary>
    public Dictionary<(string Group, int Partition), long> Committed { get; } = [];

    protected override async Task Run()
    {
        foreach (string group in CopyTopics.Groups)
        {
            while (!await Fetch(group))
            {
                await Rest(50, 200);
            }
        }
    }

    private async Task<bool> Fetch(string group)
    {
        FindCoordinatorResponse? found = await Ask<FindCoordinatorRequest, FindCoordinatorResponse>(
            AnyNode(), new FindCoordinatorRequest { CoordinatorKeys = [group] }, lowest: 4);
        if (found?.Coordinators[0] is not { ErrorCode: ErrorCode.None } at)
        {
            return false;
        }

        OffsetFetchResponse? answer = await Ask<OffsetFetchRequest, OffsetFetchResponse>(
            at.NodeId, new OffsetFetchRequest { RequireStable = isWhole, Groups = [new() { GroupId = group, Topics = null }] }, lowest: 8, highest: 9);
        if (answer?.Groups[0] is not { ErrorCode: ErrorCode.None } known || known.Topics.Any(topic => topic.Partitions.Any(each => each.ErrorCode != ErrorCode.None)))
        {
            return false;
        }

        foreach (OffsetFetchResponse.OffsetFetchResponsePartitions each in known.Topics.Where(topic => topic.Name == CopyTopics.Source).SelectMany(topic => topic.Partitions))
        {
            Committed[(group, each.PartitionIndex)] = each.CommittedOffset;
            groups.Fetched(group, each.PartitionIndex, each.CommittedOffset, groups.Committed(group, each.PartitionIndex), Name);
        }

        return true;
    }
}
