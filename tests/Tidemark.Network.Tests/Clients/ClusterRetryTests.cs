using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary>What is asked of any broker, of all of them, of the controller or of a coordinator goes on when that one changes.</summary>
public sealed class ClusterRetryTests : IDisposable
{
    private readonly ScriptedNodes _nodes = new();

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again()
    {
        _nodes.On<DescribeClusterRequest, DescribeClusterResponse>(null, null, new() { ClusterId = "scripted" });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal("scripted", (await cluster.SendToAnyAsync<DescribeClusterResponse>(new DescribeClusterRequest())).ClusterId);
        Assert.Equal(3, _nodes.Asked(ApiKey.DescribeCluster).Length);
    }

    [Fact]
    public async Task A_quorum_whose_leader_has_just_lost_the_lead_is_asked_again()
    {
        _nodes.On<DescribeQuorumRequest, DescribeQuorumResponse>(new() { ErrorCode = ErrorCode.NotLeaderOrFollower }, new() { ErrorCode = ErrorCode.NotController }, new());
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal(ErrorCode.None, (await cluster.SendToAnyAsync<DescribeQuorumResponse>(new DescribeQuorumRequest(), errorOf: r => r.ErrorCode)).ErrorCode);
        Assert.Equal(3, _nodes.Asked(ApiKey.DescribeQuorum).Length);
    }

    [Fact]
    public async Task A_controller_that_is_none_any_more_is_asked_again_and_one_that_cannot_be_reached_is_passed_by()
    {
        _nodes.Gone.Clear();
        _nodes.Gone.Enqueue([1]);
        _nodes.On<CreateTopicsRequest, CreateTopicsResponse>(Created(ErrorCode.NotController), Created(ErrorCode.None));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal(ErrorCode.None, (await CreateAsync(cluster)).Topics[0].ErrorCode);
        Assert.Equal(2, _nodes.Asked(ApiKey.CreateTopics).Length);
    }

    [Fact]
    public async Task What_must_not_be_done_twice_is_not_sent_twice()
    {
        _nodes.On<CreateTopicsRequest, CreateTopicsResponse>(null, Created(ErrorCode.TopicAlreadyExists));
        _nodes.On<DeleteGroupsRequest, DeleteGroupsResponse>(null, new() { Results = [new() { GroupId = "g", ErrorCode = ErrorCode.GroupIdNotFound }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var unknown = await Assert.ThrowsAsync<BrokerUnreachableException>(() => CreateAsync(cluster));
        Assert.EndsWith("whether CreateTopics was carried out is not known", unknown.Message);
        Assert.Single(_nodes.Asked(ApiKey.CreateTopics));
        await Assert.ThrowsAsync<BrokerUnreachableException>(() => cluster.DeleteGroupAsync("g"));
        Assert.Single(_nodes.Asked(ApiKey.DeleteGroups));
    }

    [Fact]
    public async Task A_change_that_may_be_made_twice_is_sent_again()
    {
        _nodes.On<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(null, new() { Responses = [new() { ResourceName = "t" }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        await cluster.SendToControllerAsync<IncrementalAlterConfigsResponse>(new IncrementalAlterConfigsRequest { Resources = [new() { ResourceName = "t" }] }, r => r.Responses[0].ErrorCode);
        Assert.Equal(2, _nodes.Asked(ApiKey.IncrementalAlterConfigs).Length);
    }

    [Theory]
    [InlineData(ErrorCode.NotCoordinator)]
    [InlineData(ErrorCode.CoordinatorNotAvailable)]
    [InlineData(ErrorCode.CoordinatorLoadInProgress)]
    [InlineData(null)]
    public async Task A_coordinator_that_moved_loads_or_died_is_looked_for_again(ErrorCode? first)
    {
        _nodes.On<FindCoordinatorRequest, FindCoordinatorResponse>(Coordinator(9), Coordinator(-1, ErrorCode.CoordinatorNotAvailable), Coordinator(1), Coordinator(2));
        _nodes.On<ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse>(
            (node, _) => node == 2 ? Described(ErrorCode.None) : first is { } error ? Described(error) : null);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal(new BrokerId(2), (await cluster.DescribeGroupAsync("g")).Coordinator);
        Assert.Equal([1, 2], _nodes.Asked(ApiKey.ConsumerGroupDescribe));

        ConsumerGroupDescribeResponse Described(ErrorCode error) => new() { Groups = [new() { GroupId = "g", ErrorCode = error, GroupState = "Stable" }] };
    }

    [Fact]
    public async Task A_group_of_a_broker_without_the_new_protocol_is_described_as_a_classic_one()
    {
        _nodes.On<DescribeGroupsRequest, DescribeGroupsResponse>(new DescribeGroupsResponse { Groups = [new() { GroupId = "g", GroupState = "Empty" }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal("classic", (await cluster.DescribeGroupAsync("g")).Kind);
    }

    [Fact]
    public async Task All_brokers_are_asked_again_when_one_of_them_cannot_answer()
    {
        _nodes.Gone.Clear();
        _nodes.Gone.Enqueue([2]);
        _nodes.Gone.Enqueue([]);
        int asked = 0;
        _nodes.On<ListGroupsRequest, ListGroupsResponse>((node, _) => node == 2 && asked++ == 0
            ? new() { ErrorCode = ErrorCode.CoordinatorLoadInProgress }
            : new() { Groups = [new() { GroupId = $"group {node}", GroupType = "classic" }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal(["group 1", "group 2"], (await cluster.ListGroupsAsync()).Select(group => group.Group));
        Assert.Equal([1, 1, 2, 1, 2], _nodes.Asked(ApiKey.ListGroups));
    }

    [Fact]
    public async Task Offsets_that_wait_for_the_end_of_a_transaction_are_waited_for()
    {
        OffsetFetchResponse Fetched(ErrorCode error) => new()
        {
            Groups = [new() { GroupId = "g", Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, CommittedOffset = 4, ErrorCode = error }] }] }],
        };
        _nodes.On<OffsetFetchRequest, OffsetFetchResponse>(Fetched(ErrorCode.UnstableOffsetCommit), Fetched(ErrorCode.None));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Assert.Equal(4, (await cluster.GroupOffsetsAsync("g", requireStable: true))[new("t", 0)].Offset);
    }

    [Fact]
    public async Task A_member_stays_in_its_group_when_the_coordinator_breaks_off()
    {
        _nodes.On<JoinGroupRequest, JoinGroupResponse>(null, new() { MemberId = "m", GenerationId = 3, Leader = "other", ProtocolName = "range" });
        _nodes.On<SyncGroupRequest, SyncGroupResponse>(new(), null);
        _nodes.On<HeartbeatRequest, HeartbeatResponse>(null, new() { ErrorCode = ErrorCode.NotCoordinator }, new());
        _nodes.On<LeaveGroupRequest, LeaveGroupResponse>(null, new() { Members = [new() { MemberId = "m", ErrorCode = ErrorCode.UnknownMemberId }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var member = new GroupMember(cluster, new GroupMemberOptions { Group = "g", Topics = ["t"], HeartbeatInterval = TimeSpan.Zero });
        Assert.Empty(await member.JoinAsync());
        Assert.Equal(3, member.Generation);
        Assert.True(await member.StaysAsync());
        Assert.Equal(3, _nodes.Asked(ApiKey.Heartbeat).Length);
        await member.LeaveAsync();
        Assert.Equal(2, _nodes.Asked(ApiKey.LeaveGroup).Length);
    }

    private static FindCoordinatorResponse Coordinator(int node, ErrorCode error = ErrorCode.None) => new() { Coordinators = [new() { Key = "g", NodeId = node, ErrorCode = error }] };

    private static CreateTopicsResponse Created(ErrorCode error) => new() { Topics = [new() { Name = "new", ErrorCode = error }] };

    private static Task<CreateTopicsResponse> CreateAsync(ClusterClient cluster) =>
        cluster.SendToControllerAsync<CreateTopicsResponse>(new CreateTopicsRequest { Topics = [new() { Name = "new", NumPartitions = 1, ReplicationFactor = 1 }] }, r => r.Topics[0].ErrorCode);
}
