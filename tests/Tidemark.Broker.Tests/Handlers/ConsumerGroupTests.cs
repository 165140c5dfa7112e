using Tidemark.Broker.Tests.Booting;
using Tidemark.Coordination;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>The consumer protocol as a client meets it, in a whole broker on virtual time.</summary>
public sealed class ConsumerGroupTests
{
    private readonly BrokerWorld _world;
    private readonly TestClient _client;

    public ConsumerGroupTests()
        : this([])
    {
    }

    private ConsumerGroupTests((string Key, string Value)[] config)
    {
        _world = new(config: [("offsets.topic.num.partitions", "4"), .. config]);
        _world.Quorum.Write(new FeatureLevelRecord { Name = "group.version", FeatureLevel = 1 });
        _world.Quorum.CreateTopic("__consumer_offsets", 4, ("cleanup.policy", "compact"));
        _world.Quorum.CreateTopic("t", 2);
        _client = _world.Connect();
        AwaitLoaded();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_member_joins_beats_is_described_and_leaves_in_every_version(short version)
    {
        ConsumerGroupHeartbeatResponse joined = Beat(version, version == 0 ? "" : "me", 0);
        Assert.Equal((ErrorCode.None, 2), (joined.ErrorCode, joined.MemberEpoch));
        Assert.Equal([0, 1], joined.Assignment!.TopicPartitions.Single().Partitions);
        Assert.Null(Beat(version, joined.MemberId!, 2).Assignment);

        ConsumerGroupDescribeResponse.DescribedGroup group = Describe(version);
        Assert.Equal(("Stable", "uniform", 3400), (group.GroupState, group.AssignorName, group.AuthorizedOperations));
        ConsumerGroupDescribeResponse.Member member = group.Members.Single();
        Assert.Equal((joined.MemberId, "test", version == 0 ? (sbyte)-1 : (sbyte)1), (member.MemberId, member.ClientId, member.MemberType));
        Assert.StartsWith("/", member.ClientHost, StringComparison.Ordinal);
        Assert.Equal("t", member.Assignment.TopicPartitions.Single().TopicName);

        Assert.Equal(-1, Beat(version, joined.MemberId!, -1).MemberEpoch);
        Assert.Equal("Empty", Describe(version).GroupState);
    }

    [Fact]
    public void Groups_that_there_are_not_are_told_one_by_one()
    {
        ConsumerGroupDescribeResponse response = _client.Ask<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["none", ""] }, 1);
        Assert.Equal(ErrorCode.GroupIdNotFound, response.Groups.Single(g => g.GroupId == "none").ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, response.Groups.Single(g => g.GroupId.Length == 0).ErrorCode);
    }

    [Fact]
    public void A_cluster_that_did_not_agree_on_the_protocol_serves_none_of_its_requests()
    {
        Assert.Equal(ErrorCode.None, Beat(1, "me", 0).ErrorCode);
        _world.Quorum.Write(new FeatureLevelRecord { Name = "group.version", FeatureLevel = 0 });

        Assert.Equal(ErrorCode.UnsupportedVersion, Beat(1, "me", 2).ErrorCode);
        Assert.Equal(ErrorCode.UnsupportedVersion, Beat(1, "other", 0).ErrorCode);
        Assert.Equal(ErrorCode.UnsupportedVersion, Describe(1).ErrorCode);
    }

    [Fact]
    public void A_member_that_falls_silent_is_out_and_another_takes_over()
    {
        Beat(1, "a", 0);
        Beat(1, "b", 0);
        _world.World.RunUntil(() => Describe(1).Members.Count == 0, TimeSpan.FromSeconds(50));
        Assert.Equal("Empty", Describe(1).GroupState);
        Assert.Equal([0, 1], Beat(1, "c", 0).Assignment!.TopicPartitions.Single().Partitions);
    }

    [Fact]
    public void How_often_a_member_heartbeats_depends_on_how_many_members_the_node_has_in_all_groups()
    {
        for (int i = 0; i < 5; i++)
        {
            Beat(1, $"m{i}", 0);
        }

        Assert.Equal(2000, Interval());
        string[] others = ["h", "i", "j", "k"];
        Assert.True(others.Select(group => KeyPartition.Of(group, 4)).Distinct().Count() > 1);
        for (int i = 0; i < 120; i++)
        {
            Beat(1, $"x{i}", 0, others[i % 4]);
        }

        Assert.Equal(2500, Interval());
        for (int i = 0; i < 10; i++)
        {
            Beat(1, $"x{i}", -1, others[i % 4]);
        }

        Assert.Equal(2300, Interval());
    }

    [Fact]
    public void How_often_a_member_heartbeats_is_what_is_configured_where_that_is_switched_off()
    {
        ConsumerGroupTests off = new([("tidemark.group.consumer.prompt.heartbeat.enable", "false")]);
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(5000, off.Beat(1, $"m{i}", 0).HeartbeatIntervalMs));
    }

    /// <summary>What the first member is told with its next heartbeat.</summary>
    private int Interval() => Beat(1, "m0", Describe(1).Members.Single(m => m.MemberId == "m0").MemberEpoch).HeartbeatIntervalMs;

    private ConsumerGroupHeartbeatResponse Beat(short version, string member, int epoch, string group = "g") => _client.Ask<ConsumerGroupHeartbeatResponse>(
        new ConsumerGroupHeartbeatRequest
        {
            GroupId = group,
            MemberId = member,
            MemberEpoch = epoch,
            RebalanceTimeoutMs = epoch == 0 ? 60_000 : -1,
            SubscribedTopicNames = epoch == 0 ? ["t"] : null,
            TopicPartitions = epoch == 0 ? [] : null,
        },
        version);

    private ConsumerGroupDescribeResponse.DescribedGroup Describe(short version) =>
        _client.Ask<ConsumerGroupDescribeResponse>(new ConsumerGroupDescribeRequest { GroupIds = ["g"], IncludeAuthorizedOperations = true }, version).Groups[0];

    private void AwaitLoaded() =>
        _world.World.RunUntil(() => Describe(1).ErrorCode == ErrorCode.GroupIdNotFound, TimeSpan.FromSeconds(2));
}
