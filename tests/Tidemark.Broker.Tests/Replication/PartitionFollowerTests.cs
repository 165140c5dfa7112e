using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>What a follower makes of its leader's answers, with a scripted log.</summary>
public sealed class PartitionFollowerTests
{
    private static readonly LeaderEpoch s_epoch = new(5);
    private readonly PartitionFollower _follower = new(new BrokerId(1), s_epoch);

    [Fact]
    public void Records_are_taken_and_the_high_watermark_is_clamped_into_the_log()
    {
        FollowerStep step = _follower.OnAnswer(Answer(from: 10, highWatermark: 40, logStart: 3), Log(0, 10));

        Assert.Equal(FollowerAction.Append, step.Action);
        Assert.Equal(new Offset(3), step.LeaderLogStart);
        Assert.Equal(new Offset(15), PartitionFollower.HighWatermark(new Offset(2), step.LeaderHighWatermark, Log(3, 15)));
        Assert.Equal(new Offset(3), PartitionFollower.HighWatermark(new Offset(1), new Offset(1), Log(3, 15)));
    }

    [Fact]
    public void What_it_knew_to_be_committed_it_still_knows_under_a_leader_that_knows_less()
    {
        Assert.Equal(new Offset(12), PartitionFollower.HighWatermark(new Offset(12), new Offset(7), Log(3, 15)));
        Assert.Equal(new Offset(10), PartitionFollower.HighWatermark(new Offset(12), new Offset(7), Log(3, 10)));
    }

    [Fact]
    public void An_answer_for_another_log_end_or_another_epoch_is_dropped()
    {
        Assert.Equal(FollowerAction.Ignore, _follower.OnAnswer(Answer(from: 9), Log(0, 10)).Action);
        Assert.Equal(FollowerAction.Ignore, _follower.OnAnswer(Answer(from: 10) with { AskedInEpoch = new LeaderEpoch(4) }, Log(0, 10)).Action);
    }

    [Fact]
    public void On_divergence_in_a_known_epoch_the_lowest_of_both_ends_is_kept()
    {
        Assert.Equal(new Offset(6), Diverge(leaders: new(new(3), new(6)), own: new(new(3), new(8)), end: 10).At);
        Assert.Equal(new Offset(8), Diverge(leaders: new(new(3), new(9)), own: new(new(3), new(8)), end: 10).At);
        Assert.Equal(new Offset(7), Diverge(leaders: new(new(3), new(9)), own: new(new(3), new(8)), end: 7).At);
    }

    [Fact]
    public void On_divergence_in_an_unknown_epoch_it_goes_back_to_the_end_of_its_next_lower_one()
    {
        FollowerStep step = Diverge(leaders: new(new(3), new(6)), own: new(new(2), new(4)), end: 10);

        Assert.Equal((FollowerAction.Truncate, new Offset(4)), (step.Action, step.At));
    }

    [Fact]
    public void Without_any_epoch_of_its_own_it_keeps_what_the_leader_has()
    {
        Assert.Equal(new Offset(6), Diverge(leaders: new(new(3), new(6)), own: null, end: 10).At);
    }

    [Fact]
    public void Out_of_range_asks_for_the_leaders_bounds_and_cuts_restarts_or_keeps()
    {
        Assert.Equal(FollowerAction.AskBounds, _follower.OnAnswer(Answer(from: 10) with { Error = ErrorCode.OffsetOutOfRange }, Log(0, 10)).Action);

        FollowerStep cut = _follower.OnBounds(s_epoch, new Offset(0), new Offset(7), Log(0, 10));
        FollowerStep restart = _follower.OnBounds(s_epoch, new Offset(20), new Offset(30), Log(0, 10));
        FollowerStep keep = _follower.OnBounds(s_epoch, new Offset(10), new Offset(30), Log(0, 10));

        Assert.Equal((FollowerAction.Truncate, new Offset(7)), (cut.Action, cut.At));
        Assert.Equal((FollowerAction.Restart, new Offset(20)), (restart.Action, restart.At));
        Assert.Equal(FollowerAction.Retry, keep.Action);
        Assert.Equal(FollowerAction.Ignore, _follower.OnBounds(new LeaderEpoch(4), new Offset(20), new Offset(30), Log(0, 10)).Action);
    }

    [Fact]
    public void Fenced_at_the_epoch_that_it_sent_it_waits_for_metadata()
    {
        Assert.Equal(FollowerAction.AwaitMetadata, _follower.OnAnswer(Answer(from: 10) with { Error = ErrorCode.FencedLeaderEpoch }, Log(0, 10)).Action);
        Assert.True(_follower.IsFenced);
    }

    [Theory]
    [InlineData(ErrorCode.UnknownLeaderEpoch)]
    [InlineData(ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    [InlineData(ErrorCode.KafkaStorageError)]
    public void What_may_pass_is_asked_again_later(ErrorCode error)
    {
        Assert.Equal(FollowerAction.Retry, _follower.OnAnswer(Answer(from: 10) with { Error = error }, Log(0, 10)).Action);
        Assert.False(_follower.IsFenced);
    }

    private FollowerStep Diverge(EpochEnd leaders, EpochEnd? own, long end) =>
        _follower.OnAnswer(Answer(from: end) with { Diverging = leaders }, new FollowerLog(Offset.Zero, new Offset(end), new Epochs(own)));

    private static FollowerAnswer Answer(long from, long highWatermark = 0, long logStart = 0) =>
        new(s_epoch, new Offset(from), ErrorCode.None, new Offset(highWatermark), new Offset(logStart));

    private static FollowerLog Log(long start, long end) => new(new Offset(start), new Offset(end), new Epochs(null));

    private sealed class Epochs(EpochEnd? found) : IEpochHistory
    {
        public EpochEnd? FindEnd(LeaderEpoch asked) => found;
    }
}
