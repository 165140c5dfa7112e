using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>The leader's rules with scripted followers 2 and 3.</summary>
public sealed class PartitionLeaderTests
{
    private static readonly BrokerId s_self = new(1);
    private static readonly BrokerId s_two = new(2);
    private static readonly BrokerId s_three = new(3);
    private static readonly TimeSpan s_lag = TimeSpan.FromSeconds(30);
    private readonly Brokers _brokers = new();
    private TimeSpan _now = TimeSpan.FromSeconds(100);

    [Fact]
    public void The_high_watermark_is_what_all_in_sync_replicas_have()
    {
        PartitionLeader leader = Lead(end: 0, 1, 2, 3);
        leader.OnAppend(new Offset(10), _now);
        Assert.Equal(0, leader.HighWatermark.Value);

        Fetch(leader, s_two, 10);
        Assert.Equal(0, leader.HighWatermark.Value);
        Assert.True(Fetch(leader, s_three, 7).HighWatermarkAdvanced);

        Assert.Equal(7, leader.HighWatermark.Value);
        Assert.Null(leader.Acknowledge(new Offset(8)));
        Assert.Equal(ErrorCode.None, leader.Acknowledge(new Offset(7)));
    }

    [Fact]
    public void The_high_watermark_stands_still_below_min_insync_replicas()
    {
        PartitionLeader leader = Lead(end: 0, [1], minInsync: 2);

        Assert.Equal(ErrorCode.NotEnoughReplicas, leader.CheckAppend(acksAll: true));
        Assert.Equal(ErrorCode.None, leader.CheckAppend(acksAll: false));
        Assert.False(leader.OnAppend(new Offset(5), _now));
        Assert.Equal(0, leader.HighWatermark.Value);
    }

    [Fact]
    public void More_than_the_partition_has_replicas_is_never_asked_for()
    {
        var leader = new PartitionLeader(s_self, new(new(0), 0, [s_self], [s_self]), Offset.Zero, Offset.Zero, 2, s_lag, TimeSpan.Zero, _brokers, _now);

        Assert.Equal(ErrorCode.None, leader.CheckAppend(acksAll: true));
        Assert.True(leader.OnAppend(new Offset(5), _now));
    }

    [Fact]
    public void A_follower_below_the_high_watermark_or_the_epochs_start_does_not_join()
    {
        PartitionLeader leader = Lead(end: 10, [1, 2], highWatermark: 4);

        Assert.Null(Fetch(leader, s_three, 9).Proposal);
        IsrProposal proposal = Fetch(leader, s_three, 10).Proposal!;

        Assert.Equal([s_self, s_two, s_three], proposal.Isr);
        Assert.Equal([1, 1, 1], proposal.BrokerEpochs);
    }

    [Fact]
    public void A_follower_outside_the_in_sync_set_is_waited_for_until_it_has_been_silent_for_long()
    {
        PartitionLeader leader = Lead(end: 0, [1]);
        IsrProposal proposal = Fetch(leader, s_two, 0).Proposal!;
        Assert.Equal(ProposalFate.RolledBack, leader.OnAlterPartition(proposal, new AlterPartitionAnswer(ErrorCode.IneligibleReplica, null), _now, out _));
        Assert.False(leader.OnAppend(new Offset(5), _now));

        _now += s_lag;
        Assert.False(leader.StopAwaiting(_now));
        _now += TimeSpan.FromMilliseconds(1);
        Assert.True(leader.StopAwaiting(_now));
        Assert.Equal(5, leader.HighWatermark.Value);
    }

    [Fact]
    public void A_fenced_follower_or_one_of_an_earlier_life_does_not_join()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        _brokers.Standing[3] = new(1, Fenced: true, ShuttingDown: false);
        Assert.Null(Fetch(leader, s_three, 0).Proposal);
        _brokers.Standing[3] = new(2, Fenced: false, ShuttingDown: false);

        FollowerFetchOutcome stale = Fetch(leader, s_three, 0, brokerEpoch: 1);

        Assert.Equal(ErrorCode.NotLeaderOrFollower, stale.Error);
        Assert.NotNull(Fetch(leader, s_three, 0, brokerEpoch: 2).Proposal);
    }

    [Fact]
    public void While_an_expansion_is_pending_the_new_member_holds_the_high_watermark()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        IsrProposal proposal = Fetch(leader, s_three, 0).Proposal!;
        leader.OnAppend(new Offset(5), _now);
        Fetch(leader, s_two, 5);
        Assert.Equal(0, leader.HighWatermark.Value);

        ProposalFate fate = leader.OnAlterPartition(proposal, new(ErrorCode.IneligibleReplica, null), _now, out _);

        Assert.Equal(ProposalFate.RolledBack, fate);
        Assert.IsType<CommittedIsr>(leader.Isr);
    }

    /// <summary>With an earlier min.insync.replicas it would commit alone what the controller holds somebody eligible for who has less.</summary>
    [Theory]
    [InlineData(1, 5)]
    [InlineData(3, 0)]
    public void A_shrink_that_succeeds_moves_the_high_watermark_when_the_metadata_tells_of_it(int minInsyncThen, long expected)
    {
        PartitionLeader leader = Lead(end: 0, [1, 2, 3]);
        leader.OnAppend(new Offset(5), _now);
        Fetch(leader, s_two, 5);
        _now += TimeSpan.FromSeconds(20);
        Fetch(leader, s_two, 5);
        _now += TimeSpan.FromSeconds(11);
        IsrProposal proposal = leader.ProposeShrink(_now)!;
        Assert.Equal([s_self, s_two], proposal.Isr);
        Assert.Equal(0, leader.HighWatermark.Value);

        leader.OnAlterPartition(
            proposal, new(ErrorCode.None, new(leader.Epoch, 1, [s_self, s_two, s_three], [s_self, s_two])), _now, out bool advanced);

        Assert.False(advanced);
        Assert.Equal(0, leader.HighWatermark.Value);

        leader.MinInsyncReplicas = minInsyncThen;
        Assert.Equal(expected > 0, leader.OnMetadata(new(leader.Epoch, 1, [s_self, s_two, s_three], [s_self, s_two]), _now));
        Assert.Equal(expected, leader.HighWatermark.Value);
    }

    /// <summary>A leader that was replaced, by an election that others prefer for instance, and is cut off, serves for as long as its lease holds.</summary>
    [Fact]
    public void Nobody_is_dropped_while_somebody_who_led_before_may_still_serve()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2, 3], leaseMax: s_lag * 2);
        leader.OnAppend(new Offset(5), _now);
        _now += (s_lag * 2) - TimeSpan.FromMilliseconds(1);
        Fetch(leader, s_two, 5);

        Assert.Null(leader.ProposeShrink(_now));
        _now += TimeSpan.FromMilliseconds(1);
        Assert.Equal([s_self, s_two], leader.ProposeShrink(_now)!.Isr);
    }

    [Theory]
    [InlineData(ErrorCode.InvalidUpdateVersion, ProposalFate.AwaitMetadata)]
    [InlineData(ErrorCode.FencedLeaderEpoch, ProposalFate.AwaitMetadata)]
    [InlineData(ErrorCode.NewLeaderElected, ProposalFate.AwaitMetadata)]
    [InlineData(ErrorCode.OperationNotAttempted, ProposalFate.RolledBack)]
    [InlineData(ErrorCode.NotController, ProposalFate.Retry)]
    public void Only_two_refusals_are_rolled_back(ErrorCode error, ProposalFate expected)
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        IsrProposal proposal = Fetch(leader, s_three, 0).Proposal!;

        Assert.Equal(expected, leader.OnAlterPartition(proposal, new(error, null), _now, out _));
        Assert.Equal(expected != ProposalFate.RolledBack, leader.Isr.IsPending);
    }

    [Fact]
    public void A_diverging_fetch_changes_nothing()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        leader.OnAppend(new Offset(5), _now);

        FollowerFetchOutcome outcome = leader.OnFollowerFetch(
            new(s_two, new Offset(9), new LeaderEpoch(0), Offset.Zero, 1), new EpochEnd(new(0), new Offset(3)), Offset.Zero, new Offset(5), _now);

        Assert.Equal(new EpochEnd(new(0), new Offset(3)), outcome.Diverging);
        Assert.Equal(0, leader.HighWatermark.Value);
    }

    [Fact]
    public void A_fetch_below_the_logs_start_is_out_of_range_even_when_it_diverges()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        leader.OnAppend(new Offset(9), _now);

        FollowerFetchOutcome outcome = leader.OnFollowerFetch(
            new(s_two, new Offset(2), new LeaderEpoch(0), Offset.Zero, 1), new EpochEnd(new(0), new Offset(1)), new Offset(4), new Offset(9), _now);

        Assert.Equal(ErrorCode.OffsetOutOfRange, outcome.Error);
    }

    [Fact]
    public void Metadata_of_the_same_epoch_keeps_what_is_known_of_followers()
    {
        PartitionLeader leader = Lead(end: 0, [1, 2]);
        leader.OnAppend(new Offset(5), _now);
        Fetch(leader, s_two, 5);

        leader.OnMetadata(new(leader.Epoch, 3, [s_self, s_two], [s_self, s_two]), _now + TimeSpan.FromMinutes(5));
        leader.OnAppend(new Offset(6), _now + TimeSpan.FromMinutes(5));

        Assert.Equal(5, leader.HighWatermark.Value);
        Assert.NotNull(leader.ProposeShrink(_now + TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void The_latest_offset_is_told_only_when_the_epochs_start_is_committed()
    {
        PartitionLeader leader = Lead(end: 5, [1, 2], highWatermark: 3);
        Assert.Equal(ErrorCode.OffsetNotAvailable, leader.CheckLatestOffset());

        Fetch(leader, s_two, 5);

        Assert.Equal(ErrorCode.None, leader.CheckLatestOffset());
    }

    [Theory]
    [InlineData(3, 4, ErrorCode.FencedLeaderEpoch)]
    [InlineData(5, 4, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(4, 4, ErrorCode.None)]
    public void A_believed_epoch_is_held_against_the_leaders(int believed, int own, ErrorCode expected) =>
        Assert.Equal(expected, FetchChecks.Epoch(new(believed), new(own)));

    private PartitionLeader Lead(long end, params int[] isr) => Lead(end, isr, 1);

    private PartitionLeader Lead(long end, int[] isr, int minInsync = 1, long? highWatermark = null, TimeSpan? leaseMax = null) => new(
        s_self,
        new(new LeaderEpoch(4), 0, [s_self, s_two, s_three], [.. isr.Select(id => new BrokerId(id))]),
        new Offset(end),
        new Offset(highWatermark ?? end),
        minInsync,
        s_lag,
        leaseMax ?? TimeSpan.Zero,
        _brokers,
        _now);

    private FollowerFetchOutcome Fetch(PartitionLeader leader, BrokerId follower, long offset, long brokerEpoch = 1) => leader.OnFollowerFetch(
        new(follower, new Offset(offset), LeaderEpoch.Unknown, Offset.Zero, brokerEpoch), null, Offset.Zero, leader.LogEnd, _now);

    private sealed class Brokers : IBrokerStandings
    {
        public Dictionary<int, BrokerStanding> Standing { get; } = new()
        {
            [1] = new(1, false, false),
            [2] = new(1, false, false),
            [3] = new(1, false, false),
        };

        public BrokerStanding? Find(BrokerId broker) => Standing.TryGetValue(broker.Value, out BrokerStanding s) ? s : null;
    }
}
