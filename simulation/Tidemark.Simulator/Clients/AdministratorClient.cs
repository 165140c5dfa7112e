using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>Changes the cluster under load: topics come and go, settings change, replicas move, leaders are elected.</summary>
public sealed class AdministratorClient(SimulatedCluster cluster, ScenarioTrace trace, History history, ScenarioPlan plan)
    : ScenarioClient(cluster, trace, history, "administrator")
{
    private int _created;

    protected override async Task Run()
    {
        while (!IsStopping)
        {
            await Rest(200, 1500);
            await Refresh();
            if (Known.Count == 0)
            {
                continue;
            }

            PartitionId partition = Known[Random.Next(Known.Count)];
            switch (Random.Next(8))
            {
                case 0:
                    await Create();
                    break;
                case 1 when Random.Chance(0.4) && !CopyTopics.IsKept(partition.Topic):
                    await Delete(partition.Topic);
                    break;
                case 2:
                    await Configure(partition.Topic);
                    break;
                case 3:
                    await ElectPreferred();
                    break;
                case 4 when !CopyTopics.IsKept(partition.Topic):
                    await AddPartitions(partition.Topic);
                    break;
                case 5 when plan.MayLose:
                    await ElectUnclean(partition);
                    break;
                case 6:
                    await Cancel(partition);
                    break;
                default:
                    await Reassign(partition);
                    break;
            }
        }
    }

    private async Task Create()
    {
        // A name that was there before comes again, as another topic.
        string name = $"extra{_created++ % 3}";
        CreateTopicsResponse? answer = await Ask<CreateTopicsRequest, CreateTopicsResponse>(AnyNode(), new CreateTopicsRequest
        {
            TimeoutMs = 3000,
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = Random.Between(1, 3),
                    ReplicationFactor = plan.Replicas,
                    Configs = [new() { Name = "min.insync.replicas", Value = $"{plan.MinInsync}" }],
                },
            ],
        });
        Tell("create topic", name, answer?.Topics[0].ErrorCode.ToString());
    }

    private async Task Delete(string topic)
    {
        DeleteTopicsResponse? answer = await Ask<DeleteTopicsRequest, DeleteTopicsResponse>(
            AnyNode(), new DeleteTopicsRequest { Topics = [new() { Name = topic }], TimeoutMs = 3000 }, lowest: 6);
        Tell("delete topic", topic, answer?.Responses[0].ErrorCode.ToString());
    }

    private async Task Configure(string topic)
    {
        string value = $"{Random.Between(1, Math.Min(2, (int)plan.Replicas))}";
        IncrementalAlterConfigsResponse? answer = await Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(AnyNode(), new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = 2, ResourceName = topic, Configs = [new() { Name = "min.insync.replicas", ConfigOperation = 0, Value = value }] }],
        });
        Tell("set min.insync.replicas", $"{topic} to {value}", answer?.Responses[0].ErrorCode.ToString());
    }

    private async Task ElectPreferred()
    {
        ElectLeadersResponse? answer = await Ask<ElectLeadersRequest, ElectLeadersResponse>(AnyNode(), new ElectLeadersRequest { ElectionType = 0, TopicPartitions = null, TimeoutMs = 3000 });
        Tell("elect", "preferred leaders", answer?.ErrorCode.ToString());
    }

    private async Task ElectUnclean(PartitionId partition)
    {
        ElectLeadersResponse? answer = await Ask<ElectLeadersRequest, ElectLeadersResponse>(AnyNode(), new ElectLeadersRequest
        {
            ElectionType = 1,
            TopicPartitions = [new() { Topic = partition.Topic, Partitions = [partition.Index] }],
            TimeoutMs = 3000,
        });
        Tell("elect uncleanly", partition.ToString(), answer?.ErrorCode.ToString());
    }

    private async Task AddPartitions(string topic)
    {
        int count = Known.Count(each => each.Topic == topic) + 1;
        if (count > 6)
        {
            return;
        }

        CreatePartitionsResponse? answer = await Ask<CreatePartitionsRequest, CreatePartitionsResponse>(
            AnyNode(), new CreatePartitionsRequest { Topics = [new() { Name = topic, Count = count, Assignments = null }], TimeoutMs = 3000 });
        Tell("add partitions", $"{topic} to {count}", answer?.Results[0].ErrorCode.ToString());
    }

    private async Task Cancel(PartitionId partition)
    {
        AlterPartitionReassignmentsResponse? answer = await Ask<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
            AnyNode(),
            new AlterPartitionReassignmentsRequest
            {
                TimeoutMs = 3000,
                Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Index, Replicas = null }] }],
            });
        Tell("cancel reassignment", partition.ToString(), answer?.Responses is [{ Partitions: [var result, ..] }, ..] ? result.ErrorCode.ToString() : answer?.ErrorCode.ToString());
    }

    private async Task Reassign(PartitionId partition)
    {
        List<int> nodes = [.. Cluster.Nodes.Select(node => node.Id)];
        var replicas = new List<int>();
        while (replicas.Count < plan.Replicas)
        {
            int at = Random.Next(nodes.Count);
            replicas.Add(nodes[at]);
            nodes.RemoveAt(at);
        }

        AlterPartitionReassignmentsResponse? answer = await Ask<AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse>(
            AnyNode(),
            new AlterPartitionReassignmentsRequest
            {
                TimeoutMs = 3000,
                Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Index, Replicas = replicas }] }],
            });
        Tell("reassign", $"{partition} to [{string.Join(' ', replicas)}]", answer?.Responses is [{ Partitions: [var result, ..] }, ..] ? result.ErrorCode.ToString() : answer?.ErrorCode.ToString());
    }

    private void Tell(string what, string of, string? result)
    {
        Trace.Count($"{what}: {result ?? "no answer"}");
        Trace.Tell($"administrator: {what} {of}: {result ?? "no answer"}");
    }
}
