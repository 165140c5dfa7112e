using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Classic;

public class JoiningTests
{
    private readonly ShardUnderTest _shard = new();

    [Fact]
    public void A_new_member_is_given_an_id_first_and_joins_with_it()
    {
        JoinGroupResponse given = Answer(_shard.Join(client: "app"));
        long join = _shard.Join(given.MemberId);
        _shard.Pass(3_000);

        Assert.Equal(ErrorCode.MemberIdRequired, given.ErrorCode);
        Assert.StartsWith("app-00000000-0000-4000-", given.MemberId, StringComparison.Ordinal);
        Assert.Equal(-1, given.GenerationId);
        JoinGroupResponse joined = Answer(join);
        Assert.Equal((ErrorCode.None, 1, given.MemberId, given.MemberId), (joined.ErrorCode, joined.GenerationId, joined.MemberId, joined.Leader));
        Assert.Equal(("consumer", "range", false), (joined.ProtocolType, joined.ProtocolName, joined.SkipAssignment));
        Assert.Equal("m", ShardUnderTest.Text(Assert.Single(joined.Members).Metadata));
    }

    [Fact]
    public void A_name_as_long_as_the_protocol_allows_still_has_room_for_an_id_behind_it()
    {
        string client = new('x', short.MaxValue);
        string first = Answer(_shard.Join(client: client)).MemberId;
        Assert.InRange(first.Length, 1_000, short.MaxValue);
        Assert.NotEqual(first, Answer(_shard.Join(client: client)).MemberId);
    }

    [Fact]
    public void What_is_told_of_a_rebalance_fits_however_many_members_made_it()
    {
        long[] joins = [.. Enumerable.Range(0, 20).Select(i => _shard.Join(version: 3, client: new string('x', 3_000)))];
        _shard.Pass(6_000);
        string[] members = [.. joins.Select(j => Answer(j).MemberId)];
        _shard.Leave([.. members.Skip(1).Select(m => (m, (string?)null))]);

        Assert.StartsWith("generation 1, last rebalance at", _shard.Describe().ErrorMessage, StringComparison.Ordinal);
        Assert.InRange(_shard.Describe().ErrorMessage!.Length, 1_000, short.MaxValue / 3);
    }

    [Fact]
    public void Old_versions_join_at_once()
    {
        long join = _shard.Join(version: 3);
        _shard.Pass(3_000);

        Assert.Equal(ErrorCode.None, Answer(join).ErrorCode);
    }

    [Fact]
    public void An_id_that_nobody_joins_with_lasts_for_a_session()
    {
        string given = Answer(_shard.Join(sessionMs: 10_000)).MemberId;
        _shard.Pass(10_000);

        Assert.Equal(ErrorCode.UnknownMemberId, Answer(_shard.Join(given)).ErrorCode);
    }

    [Fact]
    public void A_first_rebalance_waits_on_while_members_come_but_no_longer_than_the_rebalance_timeout()
    {
        long first = _shard.Join(version: 3, rebalanceMs: 7_000);
        _shard.Pass(2_900);
        long second = _shard.Join(version: 3, rebalanceMs: 7_000);
        _shard.Pass(200);
        Assert.False(_shard.IsAnswered(first));
        _shard.Pass(2_800);
        long third = _shard.Join(version: 3, rebalanceMs: 7_000);
        _shard.Pass(1_000);
        Assert.False(_shard.IsAnswered(first));
        _shard.Pass(101);

        Assert.Equal(3, Answer(first).Members.Count);
        Assert.Empty(Answer(second).Members);
        Assert.Equal(Answer(first).MemberId, Answer(third).Leader);
    }

    [Fact]
    public void A_first_rebalance_to_which_nobody_else_comes_takes_the_initial_delay()
    {
        long join = _shard.Join(version: 3);
        _shard.Pass(2_999);
        Assert.False(_shard.IsAnswered(join));
        _shard.Pass(1);
        Assert.True(_shard.IsAnswered(join));
    }

    [Theory]
    [InlineData(5_999)]
    [InlineData(1_800_001)]
    [InlineData(-1)]
    public void A_session_timeout_outside_of_what_is_allowed_is_refused(int sessionMs) =>
        Assert.Equal(ErrorCode.InvalidSessionTimeout, Answer(_shard.Join(sessionMs: sessionMs)).ErrorCode);

    [Fact]
    public void A_group_has_a_name() => Assert.Equal(ErrorCode.InvalidGroupId, Answer(_shard.Join(group: "")).ErrorCode);

    [Fact]
    public void A_member_that_nobody_knows_is_refused_and_makes_no_group()
    {
        JoinGroupResponse refused = Answer(_shard.Join("nobody"));

        Assert.Equal((ErrorCode.UnknownMemberId, "nobody"), (refused.ErrorCode, refused.MemberId));
        Assert.Empty(_shard.Shard.All);
    }

    [Fact]
    public void A_group_that_its_first_request_makes_stands_in_the_log_empty()
    {
        _shard.Join();

        Assert.Equal(("", 0, null, null, 0), (_shard.Stored()!.ProtocolType, _shard.Stored()!.Generation, _shard.Stored()!.Protocol, _shard.Stored()!.Leader, _shard.Stored()!.Members.Count));
    }

    [Fact]
    public void Without_a_protocol_or_a_type_nobody_joins()
    {
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answer(_shard.Join(type: "")).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, _shard.AskNow<JoinGroupResponse>(t => _shard.Shard.Classic.Join(
            new(t, new() { GroupId = "g", ProtocolType = "consumer", SessionTimeoutMs = 10_000 }, 9, new("c", "/h"), default), _shard.Now)).ErrorCode);
    }

    [Fact]
    public void Who_has_no_protocol_in_common_with_all_members_is_refused()
    {
        _shard.Alone();

        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answer(_shard.Join(version: 3, type: "connect")).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answer(_shard.Join(version: 3, protocols: ("sticky", "m"))).ErrorCode);
    }

    [Fact]
    public void The_protocol_with_most_votes_that_all_offer_is_chosen()
    {
        long first = _shard.Join(version: 3, protocols: [("sticky", "s"), ("range", "r"), ("own", "o")]);
        _shard.Join(version: 3, protocols: [("range", "r"), ("sticky", "s")]);
        _shard.Join(version: 3, protocols: [("roundrobin", "x"), ("range", "r"), ("sticky", "s")]);
        _shard.Pass(60_000);

        Assert.Equal("range", Answer(first).ProtocolName);
        Assert.All(Answer(first).Members, m => Assert.Equal("r", ShardUnderTest.Text(m.Metadata)));
    }

    [Fact]
    public void A_protocol_named_twice_counts_once()
    {
        long join = _shard.Join(version: 3, protocols: [("range", "1"), ("range", "2")]);
        _shard.Pass(3_000);

        Assert.Equal("1", ShardUnderTest.Text(Assert.Single(Answer(join).Members).Metadata));
    }

    [Fact]
    public void A_full_group_takes_nobody_else_but_its_members_may_join_again()
    {
        var shard = new ShardUnderTest(new GroupSettings { MembersMax = 2 });
        string[] members = shard.Together(2);

        Assert.Equal(ErrorCode.GroupMaxSizeReached, shard.Answer<JoinGroupResponse>(shard.Join(version: 3)).ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, shard.Answer<JoinGroupResponse>(shard.Join()).ErrorCode);
        long leader = shard.Join(members[0]);
        long other = shard.Join(members[1]);
        Assert.Equal(2, shard.Answer<JoinGroupResponse>(leader).GenerationId);
        Assert.Equal(2, shard.Answer<JoinGroupResponse>(other).GenerationId);
    }

    [Fact]
    public void A_group_with_more_members_than_are_allowed_now_rebalances_and_keeps_those_who_come_first()
    {
        var before = new ShardUnderTest();
        string[] members = before.Together(3);
        var shard = new ShardUnderTest(new GroupSettings { MembersMax = 2 }, before.Log);

        Assert.Equal(ErrorCode.RebalanceInProgress, shard.Heartbeat(members[0], 1));
        long second = shard.Join(members[1]);
        long third = shard.Join(members[2]);
        long first = shard.Join(members[0]);
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (shard.Answer<JoinGroupResponse>(first).ErrorCode, shard.Answer<JoinGroupResponse>(first).MemberId));
        Assert.Equal(2, shard.Answer<JoinGroupResponse>(second).Members.Count + shard.Answer<JoinGroupResponse>(third).Members.Count);
    }

    [Fact]
    public void A_pending_member_cannot_turn_into_a_static_one()
    {
        string given = Answer(_shard.Join()).MemberId;

        Assert.Equal(ErrorCode.UnknownMemberId, Answer(_shard.Join(given, instance: "i")).ErrorCode);
    }

    [Fact]
    public void A_request_in_version_0_allows_a_rebalance_as_long_as_a_session()
    {
        _shard.Join(version: 0, sessionMs: 10_000, rebalanceMs: -1);

        Assert.Equal(10_000, Assert.Single(_shard.Group().Members).Timeouts.RebalanceMs);
    }

    private JoinGroupResponse Answer(long ticket) => _shard.Answer<JoinGroupResponse>(ticket);
}
