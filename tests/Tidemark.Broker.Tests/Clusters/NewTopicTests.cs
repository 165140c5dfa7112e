using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>Who is told that a topic was made asks another broker next, and has to find it there; a broker that does not answer is not waited for long.</summary>
public sealed class NewTopicTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Nodes 1 to 3 vote, 4 only reads the metadata log. The slow one is one of either kind, and whoever is asked passes the request on.</summary>
    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    public void What_was_answered_of_a_topic_is_known_to_a_broker_that_hears_of_it_late(ulong seed, bool isVoter)
    {
        SimulatedCluster cluster = Running(seed, 4);
        SimulatedNode controller = Controller(cluster);
        SimulatedNode slow = cluster.Nodes.First(node => node != controller && node.Id <= 3 == isVoter);
        int asked = cluster.Nodes.First(node => node != controller && node != slow).Id;
        cluster.Network.Slow(controller.Host, slow.Host, TimeSpan.FromMilliseconds(100));
        cluster.Network.Slow(slow.Host, controller.Host, TimeSpan.FromMilliseconds(100));
        var client = new ClusterClient(cluster);

        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(ErrorCode.None, client.CreateTopic(asked, "t", 2, 3));
            Assert.All(cluster.Nodes, node => Assert.Equal((ErrorCode.None, 2), Told(client, node)));

            CreatePartitionsResponse grown = client.Ask<CreatePartitionsRequest, CreatePartitionsResponse>(
                asked, new CreatePartitionsRequest { TimeoutMs = 10_000, Topics = [new() { Name = "t", Count = 3, Assignments = null }] });
            Assert.Equal(ErrorCode.None, grown.Results[0].ErrorCode);
            Assert.All(cluster.Nodes, node => Assert.Equal((ErrorCode.None, 3), Told(client, node)));

            DeleteTopicsResponse deleted = client.Ask<DeleteTopicsRequest, DeleteTopicsResponse>(
                asked, new DeleteTopicsRequest { TimeoutMs = 10_000, Topics = [new() { Name = "t" }] });
            Assert.Equal(ErrorCode.None, deleted.Responses[0].ErrorCode);
            Assert.All(cluster.Nodes, node => Assert.Equal((ErrorCode.UnknownTopicOrPartition, 0), Told(client, node)));
        }
    }

    [Fact]
    public async Task A_broker_that_stands_still_costs_half_a_second_and_nobody_else_waits_for_it()
    {
        SimulatedCluster cluster = Running(11, 4);
        SimulatedNode asked = cluster.Nodes.First(node => node != Controller(cluster));
        cluster[4].Pause();
        var client = new ClusterClient(cluster);
        TimeSpan at = cluster.Time.Elapsed;
        Task<CreateTopicsResponse>? made = null;
        client.Enter(() => made = client.Send<CreateTopicsRequest, CreateTopicsResponse>(asked.Id, Request("t"), s_patience).AsTask());

        // What fails or is only looked at is new to nobody; another client's request is passed on to the same controller meanwhile.
        Assert.True(cluster.RunUntil(() => asked.Broker!.Cluster.Image.Topics.Find("t") is not null, s_patience));
        var other = new ClusterClient(cluster, "other");
        Assert.Equal(ErrorCode.None, other.Ask<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(asked.Id, Retention()).Responses[0].ErrorCode);
        int controller = Controller(cluster).Id;
        CreateTopicsRequest looked = Request("u");
        looked.ValidateOnly = true;
        Assert.Equal(ErrorCode.None, other.Ask<CreateTopicsRequest, CreateTopicsResponse>(controller, looked).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.TopicAlreadyExists, other.CreateTopic(controller, "t", 1, 1));
        Assert.InRange((cluster.Time.Elapsed - at).TotalMilliseconds, 0, 200);
        Assert.False(made!.IsCompleted);

        Assert.True(cluster.RunUntil(() => made.IsCompleted, s_patience));
        Assert.Equal(ErrorCode.None, (await made).Topics[0].ErrorCode);
        Assert.InRange((cluster.Time.Elapsed - at).TotalMilliseconds, 500, 550);
    }

    [Fact]
    public void A_client_that_waits_for_less_is_answered_in_its_time()
    {
        SimulatedCluster cluster = Running(12, 4);
        cluster[4].Pause();
        CreateTopicsRequest request = Request("t");
        request.TimeoutMs = 200;
        var client = new ClusterClient(cluster);
        TimeSpan at = cluster.Time.Elapsed;
        Assert.Equal(ErrorCode.None, client.Ask<CreateTopicsRequest, CreateTopicsResponse>(Controller(cluster).Id, request).Topics[0].ErrorCode);
        Assert.InRange((cluster.Time.Elapsed - at).TotalMilliseconds, 180, 220);
    }

    [Fact]
    public async Task A_controller_that_resigns_answers_at_once_what_is_committed()
    {
        SimulatedCluster cluster = Running(13, 4);
        SimulatedNode controller = Controller(cluster);
        cluster[4].Pause();
        var client = new ClusterClient(cluster);
        Task<CreateTopicsResponse>? made = null;
        client.Enter(() => made = client.Send<CreateTopicsRequest, CreateTopicsResponse>(controller.Id, Request("t"), s_patience).AsTask());
        Assert.True(cluster.RunUntil(() => cluster.Nodes.Count(node => node.Broker!.Cluster.Image.Topics.Find("t") is not null) == 3, s_patience));
        TimeSpan at = cluster.Time.Elapsed;
        Assert.False(made!.IsCompleted);
        controller.Process!.Enter("test", () => _ = controller.Quorum!.Resign());

        Assert.True(cluster.RunUntil(() => made.IsCompleted, s_patience));
        Assert.Equal(ErrorCode.None, (await made).Topics[0].ErrorCode);
        Assert.InRange((cluster.Time.Elapsed - at).TotalMilliseconds, 0, 50);
    }

    [Fact]
    public void A_fenced_broker_is_not_waited_for_and_a_single_node_waits_for_nobody()
    {
        SimulatedCluster cluster = Running(14, 4);
        cluster[4].Pause();
        Assert.True(cluster.RunUntil(() => Controller(cluster).Quorum!.Current.Brokers[4].IsFenced, s_patience));
        foreach (SimulatedCluster each in new[] { cluster, Running(15, 1) })
        {
            var client = new ClusterClient(each);
            int controller = Controller(each).Id;
            TimeSpan at = each.Time.Elapsed;
            Assert.Equal(ErrorCode.None, client.CreateTopic(controller, "t", 1, 1));
            Assert.InRange((each.Time.Elapsed - at).TotalMilliseconds, 0, 50);
        }
    }

    private static CreateTopicsRequest Request(string name) =>
        new() { TimeoutMs = 10_000, Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }] };

    private static IncrementalAlterConfigsRequest Retention() => new()
    {
        Resources = [new() { ResourceType = 2, ResourceName = "t", Configs = [new() { Name = "retention.ms", ConfigOperation = 0, Value = "1000000" }] }],
    };

    private static (ErrorCode Error, int Partitions) Told(ClusterClient client, SimulatedNode node)
    {
        MetadataResponse.MetadataResponseTopic topic = client.Ask<MetadataRequest, MetadataResponse>(
            node.Id, new MetadataRequest { Topics = [new() { Name = "t" }], AllowAutoTopicCreation = false }).Topics[0];
        return (topic.ErrorCode, topic.Partitions.Count);
    }

    private static SimulatedCluster Running(ulong seed, int nodes)
    {
        var cluster = new SimulatedCluster(seed, nodes) { Roles = id => id <= 3 ? "broker,controller" : "broker" };
        cluster.StartAll();
        Assert.True(cluster.RunUntil(
            () => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == nodes), s_patience));
        cluster.Time.Advance(TimeSpan.FromSeconds(5));
        return cluster;
    }

    private static SimulatedNode Controller(SimulatedCluster cluster) => cluster.Nodes.First(node => node.Quorum!.Controller.IsLocal);
}
