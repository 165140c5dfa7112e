using Tidemark.Broker.Links;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>
/// The coordinator of a group is killed and back at once, leading nothing. librdkafka hands NOT_COORDINATOR to the application in answer to OffsetFetch, and looks
/// the coordinator up anew when the connection ends: so that is what those meet with who were sent to the life that is over.
/// </summary>
public sealed class CoordinatorsNextLifeTests
{
    private const int Partitions = 4;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly SimulatedCluster _cluster = new(21, 3, ("offsets.topic.num.partitions", $"{Partitions}"));
    private readonly ClusterClient _client;
    private readonly SimulatedNode _killed;
    private readonly string _group;
    private readonly string _groupOfAnother;

    public CoordinatorsNextLifeTests()
    {
        _cluster.StartAll();
        Assert.True(_cluster.RunUntil(
            () => _cluster.Nodes.All(node => node.Started.IsCompleted && node.Broker!.Cluster.Image.Brokers.Values.Count(broker => broker.IsActive) == 3), s_patience));
        _client = new ClusterClient(_cluster);
        Assert.Equal(ErrorCode.None, _client.CreateTopic(1, "t", 1, 3));
        Assert.True(_cluster.RunUntil(() => Coordinator(1, "g").ErrorCode == ErrorCode.None, s_patience));
        Assert.True(_cluster.RunUntil(() => Enumerable.Range(1, 3).All(node => LedBy(node) > 0), s_patience));

        _killed = _cluster.Nodes.First(node => !node.Quorum!.Controller.IsLocal);
        _group = GroupOf(_killed.Id);
        _groupOfAnother = GroupOf(_cluster.Nodes.First(node => node != _killed).Id);
        Assert.True(_cluster.RunUntil(() => Commit(_client, _killed.Id) == ErrorCode.None, s_patience));
        Assert.Equal(41, Fetch(_client, _killed.Id, _group).Topics[0].Partitions[0].CommittedOffset);
        _killed.Kill();
        _killed.Start();
        Assert.True(_cluster.RunUntil(() => _killed.Started.IsCompletedSuccessfully, s_patience));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    public void Who_asks_for_the_offsets_of_a_group_that_the_last_life_coordinated_loses_the_connection_and_finds_the_next_coordinator(short version)
    {
        LinkException lost = Assert.Throws<LinkException>(() => Fetch(new ClusterClient(_cluster, "sent"), _killed.Id, _group, version));
        Assert.Equal(LinkEnd.ClosedByPeer, lost.End);

        int next = Coordinator(_killed.Id, _group).NodeId;
        Assert.NotEqual(_killed.Id, next);
        Assert.True(_cluster.RunUntil(() => Fetch(_client, next, _group).ErrorCode == ErrorCode.None, s_patience));
        Assert.Equal(41, Fetch(_client, next, _group).Topics[0].Partitions[0].CommittedOffset);
    }

    [Fact]
    public void Other_groups_and_other_requests_are_told_that_it_is_no_coordinator()
    {
        Assert.Equal(ErrorCode.NotCoordinator, Fetch(_client, _killed.Id, _groupOfAnother).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, Commit(_client, _killed.Id));
        Assert.Equal(
            ErrorCode.NotCoordinator,
            _client.Ask<HeartbeatRequest, HeartbeatResponse>(_killed.Id, new HeartbeatRequest { GroupId = _group, MemberId = "m" }).ErrorCode);
    }

    [Fact]
    public void Who_connects_some_seconds_later_was_sent_by_nobody_and_is_told()
    {
        var early = new ClusterClient(_cluster, "early");
        Assert.Equal(ErrorCode.NotCoordinator, Fetch(early, _killed.Id, _groupOfAnother).ErrorCode);
        _cluster.Time.Advance(TimeSpan.FromSeconds(4));

        Assert.Equal(ErrorCode.NotCoordinator, Fetch(new ClusterClient(_cluster, "late"), _killed.Id, _group).ErrorCode);

        // A consumer that only asks now has kept the connection all the while, and takes it for the one to its coordinator.
        Assert.Throws<LinkException>(() => Fetch(early, _killed.Id, _group));
        Assert.Equal(ErrorCode.NotCoordinator, Fetch(early, _killed.Id, _group).ErrorCode);
    }

    private static OffsetFetchResponse.OffsetFetchResponseGroup Fetch(ClusterClient client, int node, string group, short highest = 9)
    {
        const short SeveralGroupsFrom = 8;
        var request = highest < SeveralGroupsFrom ? new OffsetFetchRequest { GroupId = group, Topics = null } : new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = null }] };
        return client.Ask<OffsetFetchRequest, OffsetFetchResponse>(node, request, highest).Groups[0];
    }

    private ErrorCode Commit(ClusterClient client, int node) => client.Ask<OffsetCommitRequest, OffsetCommitResponse>(
        node,
        new OffsetCommitRequest { GroupId = _group, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 41 }] }] },
        highest: 9).Topics[0].Partitions[0].ErrorCode;

    private FindCoordinatorResponse.Coordinator Coordinator(int node, string group) =>
        _client.Ask<FindCoordinatorRequest, FindCoordinatorResponse>(node, new FindCoordinatorRequest { CoordinatorKeys = [group] }).Coordinators[0];

    private TopicImage? Offsets => _cluster[1].Broker!.Cluster.Image.Topics.Find(TopicImage.ConsumerOffsets);

    private int LedBy(int node) => Offsets?.Partitions.Count(partition => partition.Leader == node) ?? 0;

    /// <summary>A group that the node coordinates.</summary>
    private string GroupOf(int node) =>
        Enumerable.Range(0, 100).Select(i => $"group-{i}").First(group => Offsets!.Partition(KeyPartition.Of(group, Partitions))!.Leader == node);
}
