using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>Creates the topics with which a scenario begins.</summary>
public sealed class FoundingClient(SimulatedCluster cluster, ScenarioTrace trace, History history, ScenarioPlan plan)
    : ScenarioClient(cluster, trace, history, "founder")
{
    protected override async Task Run()
    {
        string[] names = [.. Enumerable.Range(0, plan.Topics).Select(i => $"topic{i}"), .. plan.Copiers > 0 ? CopyTopics.All : []];
        for (int topic = 0; topic < names.Length;)
        {
            CreateTopicsResponse? answer = await Ask<CreateTopicsRequest, CreateTopicsResponse>(AnyNode(), new CreateTopicsRequest
            {
                TimeoutMs = 3000,
                Topics =
                [
                    new()
                    {
                        Name = names[topic],
                        NumPartitions = plan.PartitionsOfTopic,
                        ReplicationFactor = plan.Replicas,
                        Configs = [new() { Name = "min.insync.replicas", Value = $"{plan.MinInsync}" }],
                    },
                ],
            });
            if (answer?.Topics[0].ErrorCode is ErrorCode.None or ErrorCode.TopicAlreadyExists)
            {
                topic++;
            }
            else
            {
                await Rest(50, 200);
            }
        }
    }
}
