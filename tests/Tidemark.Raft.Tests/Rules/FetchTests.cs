using Tidemark.Primitives;
using Tidemark.Raft.Roles;
using Tidemark.Raft.Tests.Simulation;

namespace Tidemark.Raft.Tests.Rules;

public sealed class FetchTests
{
    [Theory]
    [InlineData(0, 0, 0, ErrorCode.FencedLeaderEpoch)]
    [InlineData(2, 0, 0, ErrorCode.UnknownLeaderEpoch)]
    [InlineData(1, 0, 5, ErrorCode.InvalidRequest)]
    [InlineData(1, -1, 0, ErrorCode.InvalidRequest)]
    public void A_fetch_of_another_epoch_or_from_nowhere_is_refused(int epoch, long offset, int lastEpoch, ErrorCode error)
    {
        var stage = new Stage();
        stage.Lead();
        FetchAnswer answer = stage.AskFetch(2, epoch, Stage.At(offset, lastEpoch)).Answer;
        Assert.Equal((error, Offset.Unknown, new BrokerId(1)), (answer.Error, answer.HighWatermark, answer.Leader));
    }

    [Theory]
    [InlineData(100, 4, 4, 4)]
    [InlineData(3, 2, 1, 1)]
    [InlineData(3, 0, 0, 0)]
    public void A_fetcher_learns_where_its_log_may_still_be_right(long offset, int lastEpoch, long end, int epoch)
    {
        var stage = new Stage(epochs: [1, 3, 3]);
        stage.Lead();
        FetchVerdict verdict = stage.AskFetch(2, 4, Stage.At(offset, lastEpoch));
        Assert.Equal(Stage.At(end, epoch), verdict.Answer.Diverging);
        Assert.False(verdict.MayBeHeld);
    }

    [Fact]
    public void A_fetch_is_held_until_there_is_news_of_records_or_commits()
    {
        var stage = new Stage();
        stage.Lead();
        Assert.True(stage.AskFetch(9, 1, Stage.At(1, 1)).MayBeHeld);
        Assert.False(stage.AskFetch(3, 1, Stage.At(1, 1)).MayBeHeld);
        Assert.Equal(new Offset(1), stage.Member.HighWatermark);
        Assert.True(stage.AskFetch(3, 1, Stage.At(1, 1), highWatermark: 1).MayBeHeld);
        stage.Append();
        var ask = new FetchAsk(Stage.Key(3), new LeaderEpoch(1), Stage.At(1, 1), new Offset(1), TimeSpan.Zero);
        Assert.False(stage.Member.OnHeldFetchDue(ask).MayBeHeld);
    }

    /// <summary>What a fetcher said in an earlier life it may have forgotten, and one of an earlier version cannot say it.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    public void A_leader_knows_what_a_fetcher_knows_to_be_committed(int node)
    {
        var stage = new Stage();
        stage.Lead();
        stage.AskFetch(3, 1, Stage.At(1, 1));
        Assert.Equal(Offset.Unknown, stage.Member.CommittedKnownTo(new BrokerId(node)));
        foreach (long said in (long[])[-1, 1, -1, long.MaxValue])
        {
            stage.AskFetch(node, 1, Stage.At(1, 1), said);
            Assert.Equal(new Offset(said), stage.Member.CommittedKnownTo(new BrokerId(node)));
        }

        stage.AskBegin(3, 2);
        Assert.Equal(Offset.Unknown, stage.Member.CommittedKnownTo(new BrokerId(node)));
    }

    /// <summary>A member knows from its last life who leads, and its log was cut back to voters among whom that one is not: what it learns is where the leader can be reached.</summary>
    [Fact]
    public void Of_a_leader_that_was_known_only_its_address_is_told_when_that_is_known_too()
    {
        var stage = new Stage(known: new ElectionState(new LeaderEpoch(5), new BrokerId(4), null));
        Assert.Equal([new LeaderChanged(new BrokerId(4), new LeaderEpoch(5))], Told());
        Assert.Empty(stage.Member.LeaderEndpoints);
        stage.AskBegin(4, 5);
        Assert.Equal([new LeaderReachChanged(new BrokerId(4), new LeaderEpoch(5))], Told());
        Assert.NotEmpty(stage.Member.LeaderEndpoints);
        stage.AskBegin(4, 5);
        Assert.Empty(Told());
        stage.AskBegin(3, 6);
        Assert.Equal([new LeaderChanged(new BrokerId(3), new LeaderEpoch(6))], Told());

        QuorumEffect[] Told() => [.. stage.Effects.Where(effect => effect is LeaderChanged or LeaderReachChanged)];
    }

    [Fact]
    public void An_empty_follower_gets_the_snapshot_where_there_is_one()
    {
        var stage = new Stage(epochs: [1, 1, 1]);
        stage.Log.Snapshot(new Offset(2));
        stage.Lead();
        Assert.Equal(Stage.At(2, 1), stage.AskFetch(2, 2, Stage.At(0, 0)).Answer.Snapshot);
        Assert.Equal(Stage.At(2, 1), stage.AskFetch(2, 2, Stage.At(1, 1)).Answer.Snapshot);
        Assert.Null(stage.AskFetch(2, 2, Stage.At(2, 1)).Answer.Snapshot);
    }

    [Fact]
    public void A_follower_truncates_to_the_last_epoch_that_both_have()
    {
        var stage = new Stage(epochs: [1, 2, 2, 2]);
        SendFetch fetch = stage.Follow(2, 5);
        IReadOnlyList<QuorumEffect> effects = stage.Answer(fetch, 2, 5, diverging: Stage.At(2, 2));
        Assert.Contains(new TruncateLog(new Offset(2)), effects);
        Assert.Equal(Stage.At(2, 2), Assert.Single(effects.OfType<SendFetch>()).Ask.End);
    }

    [Fact]
    public void A_follower_that_lacks_the_epoch_truncates_to_the_end_of_the_one_before()
    {
        var stage = new Stage(epochs: [1, 4, 4]);
        SendFetch fetch = stage.Follow(2, 5);
        Assert.Contains(new TruncateLog(new Offset(1)), stage.Answer(fetch, 2, 5, diverging: Stage.At(3, 3)));
    }

    [Fact]
    public void A_follower_that_is_told_to_truncate_committed_records_stops()
    {
        var stage = new Stage(epochs: [1, 1, 1]);
        SendFetch fetch = stage.Follow(2, 5, highWatermark: 3);
        IReadOnlyList<QuorumEffect> effects = stage.Answer(fetch, 2, 5, diverging: Stage.At(2, 1));
        Assert.IsType<HaltNode>(Assert.Single(effects));
        Assert.Equal(3, stage.Log.End.EndOffset.Value);
    }

    [Fact]
    public void A_late_answer_of_a_former_leader_changes_nothing()
    {
        var stage = new Stage(epochs: [1, 1, 1]);
        SendFetch fetch = stage.Follow(2, 5);
        stage.AskBegin(3, 6);
        Assert.DoesNotContain(stage.Answer(fetch, 2, 5, diverging: Stage.At(1, 1)), effect => effect is TruncateLog);
        Assert.Equal(new BrokerId(3), stage.Member.LeaderNode);
    }

    [Fact]
    public void A_voter_fetches_on_only_when_what_it_got_is_flushed()
    {
        var stage = new Stage();
        SendFetch fetch = stage.Follow(2, 5);
        stage.Do(member => member.OnFetchAnswered(fetch.Request, new FetchAnswer(ErrorCode.None, new BrokerId(2), new LeaderEpoch(5), Offset.Unknown) { HasRecords = true }, stage.Now));
        stage.Log.Append(new Entry(new LeaderEpoch(5), 50));
        IReadOnlyList<QuorumEffect> effects = stage.Do(member => member.OnAppended(stage.Now));
        Assert.IsType<FlushLog>(Assert.Single(effects));
        Assert.Equal(Stage.At(1, 5), Assert.Single(stage.Flush().OfType<SendFetch>()).Ask.End);
    }

    [Fact]
    public void A_snapshot_is_copied_piece_by_piece_and_then_takes_the_place_of_the_log()
    {
        var stage = new Stage();
        SendFetch fetch = stage.Follow(2, 5);
        SendFetchSnapshot first = Assert.Single(stage.Answer(fetch, 2, 5, snapshot: Stage.At(7, 4)).OfType<SendFetchSnapshot>());
        Assert.Equal((Stage.At(7, 4), 0L), (first.Ask.Snapshot, first.Ask.Position));
        SendFetchSnapshot second = Assert.Single(Piece(stage, first, 100, 60).OfType<SendFetchSnapshot>());
        Assert.Equal(60, second.Ask.Position);
        Assert.Equal(new InstallSnapshot(Stage.At(7, 4)), Assert.Single(Piece(stage, second, 100, 100)));
        stage.Log.StartAt(Enumerable.Range(0, 7).Select(i => new Entry(new LeaderEpoch(4), i)));
        IReadOnlyList<QuorumEffect> effects = stage.Do(member => member.OnSnapshotInstalled(Stage.At(7, 4), new VotersAt(new Offset(6), stage.Voters), stage.Now));
        Assert.Contains(new AdvanceCommit(new Offset(7)), effects);
        Assert.Equal(Stage.At(7, 4), Assert.Single(effects.OfType<SendFetch>()).Ask.End);
    }

    [Fact]
    public void A_snapshot_that_the_leader_no_longer_has_is_given_up()
    {
        var stage = new Stage();
        SendFetch fetch = stage.Follow(2, 5);
        SendFetchSnapshot piece = Assert.Single(stage.Answer(fetch, 2, 5, snapshot: Stage.At(7, 4)).OfType<SendFetchSnapshot>());
        Assert.Contains(new AbandonSnapshot(Stage.At(7, 4)), Piece(stage, piece, 0, 0, ErrorCode.SnapshotNotFound));
        stage.WaitForFetch();
    }

    [Fact]
    public void A_follower_without_answers_of_its_leader_asks_for_votes()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        stage.Wait(1.9);
        Assert.IsType<Follower>(stage.Member.Role);
        stage.Wait(0.2);
        Assert.IsType<Prospective>(stage.Member.Role);
    }

    [Fact]
    public void A_member_that_looks_for_its_leader_flushes_what_a_crash_left_before_it_asks()
    {
        var stage = new Stage(epochs: [1, 1]);
        Assert.Contains(new FlushLog(), stage.Effects);
        Assert.DoesNotContain(stage.Effects, effect => effect is SendFetch);
        Assert.Contains(stage.Flush(), effect => effect is SendFetch);
    }

    [Fact]
    public void An_observer_asks_others_for_the_leader_and_never_for_votes()
    {
        var stage = new Stage(self: 9);
        stage.Flush();
        SendFetch fetch = stage.WaitForFetch();
        stage.Do(member => member.OnFetchAnswered(fetch.Request, new FetchAnswer(ErrorCode.FencedLeaderEpoch, new BrokerId(3), new LeaderEpoch(4), Offset.Unknown), stage.Now));
        Assert.Equal(new BrokerId(3), stage.Member.LeaderNode);
        stage.Wait(60);
        Assert.DoesNotContain(stage.Effects, effect => effect is SendVote);
        Assert.Equal(4, stage.Member.Epoch.Value);
    }

    private static IReadOnlyList<QuorumEffect> Piece(Stage stage, SendFetchSnapshot asked, long size, long end, ErrorCode error = ErrorCode.None) =>
        stage.Do(member => member.OnFetchSnapshotAnswered(asked.Request, new FetchSnapshotAnswer(error, new BrokerId(2), new LeaderEpoch(5), size, end), stage.Now));
}
