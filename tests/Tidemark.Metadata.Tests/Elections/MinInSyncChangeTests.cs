using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Elections;

/// <summary>What becomes of the eligible replicas (KIP-966) when min.insync.replicas changes.</summary>
public sealed class MinInSyncChangeTests
{
    [Theory]
    [InlineData("1", "2")]
    [InlineData("2", "1")]
    public void Whoever_may_lead_next_is_remembered_where_nobody_leads(string before, string after)
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", before));
        int[] replicas = [.. world.Partition("a").Replicas];
        foreach (int id in replicas)
        {
            world.Fence(id);
        }

        PartitionImage left = world.Partition("a");
        Assert.Empty(left.Isr);
        Set(world, ConfigResource.Topic("a"), after);
        Assert.Equal(left, world.Partition("a"));

        world.NowMs += 60_000;
        foreach (int id in replicas)
        {
            world.Register(id, previousEpoch: -1);
            world.Heartbeat(id);
        }

        Assert.Equal(replicas[^1], world.Partition("a").Leader);
    }

    [Fact]
    public void Nobody_is_eligible_any_more_once_the_leader_may_commit_alone()
    {
        var world = new World(brokers: 3);
        world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2"));
        world.CreateTopic("of-the-cluster", 1, 3);
        Set(world, ConfigResource.AllBrokers, "2");
        int last = world.Partition("a").Replicas[0];
        foreach (int id in world.Partition("a").Replicas.Where(id => id != last))
        {
            world.Fence(id);
        }

        Assert.NotEmpty(world.Partition("a").EligibleLeaderReplicas);
        Assert.NotEmpty(world.Partition("of-the-cluster").EligibleLeaderReplicas);
        Set(world, ConfigResource.Topic("a"), "3");
        Assert.NotEmpty(world.Partition("a").EligibleLeaderReplicas);
        Set(world, ConfigResource.Topic("a"), "1");
        Assert.Empty(world.Partition("a").EligibleLeaderReplicas);
        Assert.NotEmpty(world.Partition("of-the-cluster").EligibleLeaderReplicas);
        Set(world, ConfigResource.AllBrokers, "1");
        Assert.Empty(world.Partition("of-the-cluster").EligibleLeaderReplicas);
    }

    [Theory]
    [InlineData((sbyte)0, "2")]
    [InlineData((sbyte)1, null)]
    public void A_single_brokers_number_is_not_altered_while_eligible_replicas_are_kept(sbyte operation, string? value) =>
        Assert.Equal(ErrorCode.InvalidConfig, Alter(new World(brokers: 1), new ConfigResource(ConfigResourceType.Broker, "1"), operation, value));

    /// <summary>The request that replaces all, which old clients send, removes what it does not name.</summary>
    [Theory]
    [InlineData("1", ErrorCode.InvalidConfig, "2")]
    [InlineData("2", ErrorCode.None, null)]
    public void A_single_brokers_number_is_not_lost_when_all_of_its_settings_are_replaced(string broker, ErrorCode expected, string? left)
    {
        var world = new World(brokers: 2);
        world.Apply([new(new ConfigRecord { ResourceType = (sbyte)ConfigResourceType.Broker, ResourceName = "1", Name = "min.insync.replicas", Value = "2" }, 0)]);
        AlterConfigsResponse answer = world.Do(context => AlterConfigs.Decide(context, new AlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)ConfigResourceType.Broker, ResourceName = broker, Configs = [new() { Name = "log.cleaner.threads", Value = "2" }] }],
        }));
        Assert.Equal(expected, answer.Responses[0].ErrorCode);
        Assert.Equal(left, world.Image.ConfigOf(new ConfigResource(ConfigResourceType.Broker, broker)).GetValueOrDefault("min.insync.replicas"));
    }

    private static void Set(World world, ConfigResource resource, string value) => Assert.Equal(ErrorCode.None, Alter(world, resource, operation: 0, value));

    private static ErrorCode Alter(World world, ConfigResource resource, sbyte operation, string? value) =>
        world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Configs = [new() { Name = "min.insync.replicas", ConfigOperation = operation, Value = value }] }],
        })).Responses[0].ErrorCode;
}
