using Tidemark.Coordination.Classic;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

/// <summary>What a classic group says about its offsets.</summary>
public class OffsetRulesTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void Members_of_the_generation_commit_and_nobody_else()
    {
        string member = _shard.Alone(instance: "i");
        IGroup group = _shard.Group();

        Assert.Equal(ErrorCode.None, group.CheckCommit(member, "i", 1, false, 8));
        Assert.Equal(ErrorCode.IllegalGeneration, group.CheckCommit(member, "i", 0, false, 8));
        Assert.Equal(ErrorCode.IllegalGeneration, group.CheckCommit(member, null, -1, false, 8));
        Assert.Equal(ErrorCode.FencedInstanceId, group.CheckCommit("other", "i", 1, false, 8));
        Assert.Equal(ErrorCode.UnknownMemberId, group.CheckCommit("other", null, 1, false, 8));
        Assert.Equal(ErrorCode.UnknownMemberId, group.CheckCommit("", null, -1, false, 8));
    }

    [Fact]
    public void Before_the_assignment_a_member_is_told_to_wait_but_a_transaction_is_let_pass()
    {
        long join = _shard.Join(version: 3);
        _shard.Pass(3_000);
        string member = _shard.Answer<JoinGroupResponse>(join).MemberId;

        Assert.Equal(ErrorCode.RebalanceInProgress, _shard.Group().CheckCommit(member, null, 1, false, 8));
        Assert.Equal(ErrorCode.None, _shard.Group().CheckCommit(member, null, 1, true, 3));
        Assert.Equal(ErrorCode.None, _shard.Group().CheckCommit("", null, -1, true, 2));
    }

    [Fact]
    public void Anybody_commits_to_a_group_without_members_unless_it_claims_to_be_one()
    {
        string member = _shard.Alone();
        _shard.Leave((member, null));

        Assert.Equal(ErrorCode.None, _shard.Group().CheckCommit("", null, -1, false, 8));
        Assert.Equal(ErrorCode.None, _shard.Group().CheckCommit("anybody", "any", -1, false, 8));
        Assert.Equal(ErrorCode.UnknownMemberId, _shard.Group().CheckCommit(member, null, 1, false, 8));
    }

    [Fact]
    public void Offsets_of_topics_that_members_read_are_kept()
    {
        Read("orders", "payments");

        Assert.True(_shard.Group().IsSubscribedTo("orders"));
        Assert.False(_shard.Group().IsSubscribedTo("other"));
        Assert.True(_shard.Group().OffsetsExpire);
        Assert.Null(_shard.Group().UnusedSinceMs);
    }

    [Fact]
    public void When_nobody_knows_what_is_read_all_offsets_are_kept()
    {
        _shard.Alone();

        Assert.True(_shard.Group().IsSubscribedTo("anything"));
        Assert.False(_shard.Group().OffsetsExpire);
    }

    [Fact]
    public void While_it_rebalances_no_offset_expires_and_what_was_read_counts_as_read()
    {
        Read("orders");
        _shard.Join(version: 3);

        Assert.Equal(ClassicState.PreparingRebalance, _shard.Group().Phase);
        Assert.False(_shard.Group().OffsetsExpire);
        Assert.False(_shard.Group().IsSubscribedTo("payments"));
    }

    [Fact]
    public void Offsets_of_an_empty_group_expire_from_the_time_it_became_empty()
    {
        _shard.Leave((Read("orders"), null));

        Assert.True(_shard.Group().OffsetsExpire);
        Assert.Equal(_shard.Now.UnixMs, _shard.Group().UnusedSinceMs);
        Assert.False(_shard.Group().IsSubscribedTo("orders"));
    }

    [Fact]
    public void Offsets_without_a_group_make_one_in_which_each_offset_has_its_own_time()
    {
        _shard.Ask(_ => _shard.Shard.Classic.TryKeepForOffsets("g"));

        Assert.Equal(("Empty", "", "classic"), (_shard.Group().State, ((IGroup)_shard.Group()).ProtocolType, _shard.Group().Kind));
        Assert.Null(_shard.Group().UnusedSinceMs);
        Assert.True(_shard.Group().OffsetsExpire);
        Assert.Equal(ErrorCode.None, _shard.Group().CheckOffsetDelete());
        Assert.Equal(ErrorCode.None, _shard.Group().CheckDelete());
    }

    [Fact]
    public void Offsets_of_a_group_with_members_are_deleted_by_topic_only_where_topics_are_known()
    {
        Read("orders");
        Assert.Equal(ErrorCode.None, _shard.Group().CheckOffsetDelete());

        long join = _shard.Join(group: "connect", version: 3, type: "connect");
        _shard.Pass(3_000);
        Assert.True(_shard.IsAnswered(join));
        Assert.Equal(ErrorCode.NonEmptyGroup, _shard.Group("connect").CheckOffsetDelete());
        Assert.False(_shard.Group("connect").IsSubscribedTo("orders"));
    }

    [Fact]
    public void What_consumers_say_to_each_other_can_be_read_in_newer_versions_than_ours()
    {
        using var writer = new Tidemark.Protocol.WireWriter();
        writer.WriteInt16(9);
        new ConsumerProtocolSubscription { Topics = ["t"], RackId = "r" }.Write(writer, 3);
        writer.WriteInt32(1);

        Assert.Equal((9, "r"), (EmbeddedProtocol.ReadSubscription(writer.WrittenMemory)!.Value.Version, EmbeddedProtocol.ReadSubscription(writer.WrittenMemory)!.Value.Subscription.RackId));
        Assert.Equal(["t"], EmbeddedProtocol.TopicsOf(writer.WrittenMemory));
        Assert.Null(EmbeddedProtocol.TopicsOf(new byte[] { 0, 1 }));
        ReadOnlyMemory<byte> assignment = EmbeddedProtocol.Write(new() { AssignedPartitions = [new() { Topic = "t", Partitions = [1, 2] }] }, 9);
        Assert.Equal([1, 2], Assert.Single(EmbeddedProtocol.ReadAssignment(assignment)!.AssignedPartitions).Partitions);
    }

    private string Read(params string[] topics)
    {
        using var writer = new Tidemark.Protocol.WireWriter();
        writer.WriteInt16(1);
        new ConsumerProtocolSubscription { Topics = [.. topics] }.Write(writer, 1);
        byte[] metadata = writer.WrittenMemory.ToArray();
        var request = new JoinGroupRequest { GroupId = "g", ProtocolType = "consumer", SessionTimeoutMs = 10_000, RebalanceTimeoutMs = 60_000, Protocols = [new() { Name = "range", Metadata = metadata }] };
        long join = _shard.Ask(t => _shard.Shard.Classic.Join(new(t, request, 3, new("c", "/h"), default), _shard.Now));
        _shard.Pass(3_000);
        string member = _shard.Answer<JoinGroupResponse>(join).MemberId;
        _shard.Sync(member, 1, assignment: (member, "a"));
        return member;
    }
}
