using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Tests;

/// <summary>
/// Three nodes whose metadata is followed as in a scenario: looked at after every event. A snapshot takes the place of their metadata log with every few
/// records, as often as not before a broker has published what is in it.
/// </summary>
internal sealed class WatchedCluster
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public WatchedCluster(ulong seed)
    {
        Plants.Choose(Plant.None);
        Cluster = new SimulatedCluster(
            seed, 3, ("metadata.log.max.record.bytes.between.snapshots", "1"), ("metadata.max.retention.bytes", "1"), ("internal.metadata.log.segment.bytes", "1000"));
        Losses = new PermittedLosses(Cluster, everywhere: false, flushes: false);
        Checks = new MetadataChecks(Cluster, mayElectUncleanly: false, OnChange);
        Losses.CatchUp = Checks.LookQuickly;
        Cluster.StartAll();
        Await(() => Cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully) && Checks.Newest.Brokers.Values.Count(broker => broker.IsActive) == 3);
    }

    public SimulatedCluster Cluster { get; }

    public MetadataChecks Checks { get; }

    public PermittedLosses Losses { get; }

    /// <summary>What the checkers were told of, in order: the topics before a batch and behind it.</summary>
    public List<(TopicsImage Before, TopicsImage After)> Changes { get; } = [];

    public SimulatedNode Controller => Cluster.Nodes.Single(node => node.IsRunning && node.Quorum!.Leadership is not null);

    /// <summary>The newest that any broker has published.</summary>
    public PartitionImage? Partition(string topic) => Checks.Newest.Topics.Find(topic)?.Partitions[0];

    public PartitionId IdOf(string topic) => new(topic, Checks.Newest.Topics.Find(topic)!.Id, 0);

    public void Await(Func<bool> condition) => Assert.True(Cluster.RunUntil(
        () =>
        {
            Checks.LookQuickly();
            return condition();
        },
        s_patience));

    /// <summary>Has the controller create a topic of one partition. Completes when that is in force.</summary>
    public Task<ErrorCode> Create(string topic, params int[] replicas)
    {
        var answer = new TaskCompletionSource<ErrorCode>();
        SimulatedNode controller = Controller;
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 10_000,
            Topics = [new() { Name = topic, NumPartitions = -1, ReplicationFactor = -1, Assignments = [new() { PartitionIndex = 0, BrokerIds = [.. replicas] }] }],
        };
        controller.Process!.Enter("create", () => _ = Submit());
        return answer.Task;

        async Task Submit() => answer.SetResult((await controller.Quorum!.Submit(
            context => CreateTopics.Decide(context, request),
            error => new CreateTopicsResponse { Topics = [new() { Name = topic, ErrorCode = error }] })).Topics[0].ErrorCode);
    }

    private void OnChange(MetadataImage before, MetadataImage after)
    {
        Changes.Add((before.Topics, after.Topics));
        Losses.OnChange(before, after);
    }
}
