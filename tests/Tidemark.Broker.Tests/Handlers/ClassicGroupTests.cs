using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>The classic protocol as a client meets it, in a whole broker on virtual time.</summary>
public sealed class ClassicGroupTests
{
    private readonly BrokerWorld _world = new(config: [("offsets.topic.num.partitions", "4")]);
    private readonly TestClient _client;

    public ClassicGroupTests()
    {
        _world.Quorum.CreateTopic("__consumer_offsets", 4, ("cleanup.policy", "compact"));
        _client = _world.Connect();
        AwaitLoaded();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(9)]
    public void A_member_joins_syncs_beats_and_leaves_in_every_version(short version)
    {
        JoinGroupResponse joined = Enter("g", version);
        short sync = short.Min(version, 5);
        SyncGroupResponse synced = _client.Ask<SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = "g",
                GenerationId = 1,
                MemberId = joined.MemberId,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 7 } }],
            },
            sync);

        Assert.Equal((ErrorCode.None, 1, "range", joined.MemberId), (joined.ErrorCode, joined.GenerationId, joined.ProtocolName, joined.Leader));
        Assert.StartsWith("test-", joined.MemberId, StringComparison.Ordinal);
        Assert.Equal([7], synced.Assignment.ToArray());
        Assert.Equal(ErrorCode.None, Beat("g", joined.MemberId, 1, short.Min(version, 4)));
        DescribeGroupsResponse.DescribedGroup described = Describe("g", 6);
        Assert.Equal(("Stable", "range", "test"), (described.GroupState, described.ProtocolData, described.Members[0].ClientId));
        Assert.StartsWith("/", described.Members[0].ClientHost, StringComparison.Ordinal);
        LeaveGroupResponse left = _client.Ask<LeaveGroupResponse>(Leaving("g", joined.MemberId, sync), sync);
        Assert.Equal(ErrorCode.None, left.ErrorCode);
        Assert.Equal(sync >= 3 ? 1 : 0, left.Members.Count);
        Assert.Equal("Empty", Describe("g", 0).GroupState);
    }

    [Fact]
    public void A_member_that_waits_for_another_is_answered_when_it_comes()
    {
        JoinGroupResponse first = Enter("g", 3);
        TestClient other = _world.Connect();
        int second = other.Send(Joining("g", ""), 3);
        _world.World.RunUntil(() => other.Connection.AnswerCount > 0, TimeSpan.FromSeconds(2));
        Assert.Equal(0, other.Connection.AnswerCount);
        Assert.Equal(ErrorCode.RebalanceInProgress, Beat("g", first.MemberId, 1));

        JoinGroupResponse again = _client.Ask<JoinGroupResponse>(Joining("g", first.MemberId), 3);
        Assert.Equal((2, 2), (again.GenerationId, again.Members.Count));
        Assert.Equal(2, other.Receive<JoinGroupResponse>(ApiKey.JoinGroup, 3, second).GenerationId);
    }

    [Fact]
    public void A_member_whose_connection_ends_stays_until_its_session_does()
    {
        JoinGroupResponse joined = Enter("g", 3);
        _client.Connection.Disconnect();
        TestClient other = _world.Connect();

        Assert.Single(Describe("g", 6, other).Members);
        _world.World.RunUntil(() => false, TimeSpan.FromSeconds(11));
        Assert.Empty(Describe("g", 6, other).Members);
        Assert.Equal(ErrorCode.UnknownMemberId, Beat("g", joined.MemberId, 1, client: other));
    }

    [Fact]
    public void A_broker_that_starts_again_knows_the_members_and_their_assignments()
    {
        JoinGroupResponse joined = Enter("g", 3);
        Sync("g", joined.MemberId);
        _world.Stop();
        _world.Boot();
        TestClient client = _world.Connect();
        AwaitLoaded(client);

        Assert.Equal("Stable", Describe("g", 6, client).GroupState);
        Assert.Equal(ErrorCode.None, Beat("g", joined.MemberId, 1, client: client));
        Assert.Equal([7], Describe("g", 6, client).Members[0].MemberAssignment.ToArray());
    }

    [Fact]
    public void The_group_without_a_name_has_no_members()
    {
        Assert.Equal(ErrorCode.InvalidGroupId, _client.Ask<JoinGroupResponse>(Joining("", ""), 9).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, Beat("", "m", 1));
        Assert.Equal(ErrorCode.InvalidGroupId, _client.Ask<LeaveGroupResponse>(Leaving("", "m", 5), 5).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, _client.Ask<SyncGroupResponse>(new SyncGroupRequest { GroupId = "", ProtocolType = "consumer", ProtocolName = "range" }, 5).ErrorCode);
    }

    [Fact]
    public void A_sync_of_version_5_names_its_protocol() =>
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _client.Ask<SyncGroupResponse>(new SyncGroupRequest { GroupId = "unknown", ProtocolType = "consumer" }, 5).ErrorCode);

    [Fact]
    public void In_old_versions_who_leaves_is_told_of_itself_in_the_place_of_the_request()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, _client.Ask<LeaveGroupResponse>(Leaving("unknown", "m", 2), 2).ErrorCode);
        LeaveGroupResponse left = _client.Ask<LeaveGroupResponse>(Leaving("unknown", "m", 3), 3);
        Assert.Equal((ErrorCode.None, ErrorCode.UnknownMemberId), (left.ErrorCode, left.Members[0].ErrorCode));
    }

    [Fact]
    public void Groups_of_all_shards_are_listed_described_and_deleted_in_one_request()
    {
        string[] groups = [.. Enumerable.Range(0, 12).Select(i => $"group-{i}")];
        foreach (string group in groups)
        {
            _client.Ask<JoinGroupResponse>(Joining(group, ""), 9);
        }

        ListGroupsResponse listed = _client.Ask<ListGroupsResponse>(new ListGroupsRequest { StatesFilter = ["empty"], TypesFilter = ["classic"] }, 5);
        Assert.Equal(groups.Order(), listed.Groups.Select(g => g.GroupId).Order());
        Assert.Empty(_client.Ask<ListGroupsResponse>(new ListGroupsRequest { StatesFilter = ["Stable"] }, 4).Groups);
        DescribeGroupsResponse described = _client.Ask<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [.. groups], IncludeAuthorizedOperations = true }, 5);
        Assert.Equal(groups.Order(), described.Groups.Select(g => g.GroupId).Order());
        Assert.All(described.Groups, g => Assert.Equal((1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11), g.AuthorizedOperations));
        DeleteGroupsResponse deleted = _client.Ask<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = [.. groups, "unknown", groups[0]] }, 2);
        Assert.Equal(13, deleted.Results.Count);
        Assert.All(deleted.Results, r => Assert.Equal(r.GroupId == "unknown" ? ErrorCode.GroupIdNotFound : ErrorCode.None, r.ErrorCode));
        Assert.Empty(_client.Ask<ListGroupsResponse>(new ListGroupsRequest(), 0).Groups);
    }

    [Fact]
    public void A_group_that_does_not_exist_is_dead_and_from_version_6_on_not_found()
    {
        Assert.Equal((ErrorCode.None, "Dead"), (Describe("unknown", 5).ErrorCode, Describe("unknown", 5).GroupState));
        Assert.Equal((ErrorCode.GroupIdNotFound, "Dead"), (Describe("unknown", 6).ErrorCode, Describe("unknown", 6).GroupState));
        Assert.Contains("unknown", Describe("unknown", 6).ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void A_broker_that_coordinates_nothing_says_so()
    {
        TestClient client = new BrokerWorld().Connect();

        Assert.Equal(ErrorCode.NotCoordinator, client.Ask<JoinGroupResponse>(Joining("g", ""), 9).ErrorCode);
        Assert.Equal("", client.Ask<JoinGroupResponse>(Joining("g", ""), 6).ProtocolName);
        Assert.Equal(ErrorCode.NotCoordinator, Beat("g", "m", 1, client: client));
        Assert.Equal(ErrorCode.NotCoordinator, Describe("g", 6, client).ErrorCode);
        Assert.Equal(ErrorCode.NotCoordinator, client.Ask<DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = ["g"] }, 2).Results[0].ErrorCode);
        Assert.Equal(ErrorCode.None, client.Ask<ListGroupsResponse>(new ListGroupsRequest(), 5).ErrorCode);
    }

    [Fact]
    public void Members_that_wait_when_the_broker_stops_are_sent_to_another()
    {
        int join = _client.Send(Joining("g", ""), 3);
        _world.World.RunUntil(() => false, TimeSpan.FromSeconds(1));
        _world.Stop();

        Assert.Equal(ErrorCode.NotCoordinator, _client.Receive<JoinGroupResponse>(ApiKey.JoinGroup, 3, join).ErrorCode);
    }

    private static JoinGroupRequest Joining(string group, string member) => new()
    {
        GroupId = group,
        MemberId = member,
        SessionTimeoutMs = 10_000,
        RebalanceTimeoutMs = 60_000,
        ProtocolType = "consumer",
        Protocols = [new() { Name = "range", Metadata = new byte[] { 0, 1 } }],
    };

    private static LeaveGroupRequest Leaving(string group, string member, short version) => version < 3
        ? new() { GroupId = group, MemberId = member }
        : new() { GroupId = group, Members = [new() { MemberId = member }] };

    private JoinGroupResponse Enter(string group, short version)
    {
        JoinGroupRequest request = Joining(group, "");
        if (version == 0)
        {
            request.RebalanceTimeoutMs = -1;
        }

        if (version >= 4)
        {
            JoinGroupResponse given = _client.Ask<JoinGroupResponse>(request, version);
            Assert.Equal(ErrorCode.MemberIdRequired, given.ErrorCode);
            request.MemberId = given.MemberId;
        }

        return _client.Ask<JoinGroupResponse>(request, version);
    }

    private void Sync(string group, string member) => Assert.Equal(ErrorCode.None, _client.Ask<SyncGroupResponse>(
        new SyncGroupRequest { GroupId = group, GenerationId = 1, MemberId = member, Assignments = [new() { MemberId = member, Assignment = new byte[] { 7 } }] }, 4).ErrorCode);

    private ErrorCode Beat(string group, string member, int generation, short version = 4, TestClient? client = null) =>
        (client ?? _client).Ask<HeartbeatResponse>(new HeartbeatRequest { GroupId = group, MemberId = member, GenerationId = generation }, version).ErrorCode;

    private DescribeGroupsResponse.DescribedGroup Describe(string group, short version, TestClient? client = null) =>
        Assert.Single((client ?? _client).Ask<DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [group] }, version).Groups);

    private void AwaitLoaded(TestClient? client = null)
    {
        TestClient asked = client ?? _client;
        for (int i = 0; i < 100 && asked.Ask<ListGroupsResponse>(new ListGroupsRequest(), 5).ErrorCode != ErrorCode.None; i++)
        {
            _world.World.RunUntil(() => false, TimeSpan.FromMilliseconds(10));
        }
    }
}
