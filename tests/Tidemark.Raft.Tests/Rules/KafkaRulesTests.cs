using Tidemark.Primitives;
using Tidemark.Raft.Roles;
using Tidemark.Raft.Tests.Simulation;

namespace Tidemark.Raft.Tests.Rules;

/// <summary>Answers and steps that Apache Kafka's members count on from each other, apart from what makes the log safe.</summary>
public sealed class KafkaRulesTests
{
    private static readonly ChangeId s_change = new(77);

    /// <summary>The second request may come of another directory of the same node, which did not get the vote.</summary>
    [Fact]
    public void A_vote_for_a_directory_is_none_for_a_candidate_that_names_none()
    {
        var stage = new Stage();
        Assert.True(stage.AskVote(2, 5, Stage.At(0, 0)).IsGranted);
        Assert.False(Nameless(stage));

        stage = new Stage(known: new ElectionState(new LeaderEpoch(5), null, Stage.Key(2) with { Directory = Uuid.Zero }));
        Assert.True(stage.AskVote(2, 5, Stage.At(0, 0)).IsGranted);
        Assert.True(Nameless(stage));

        static bool Nameless(Stage stage) => stage.Ask(member => member.OnVoteAsked(
            new VoteAsk(Stage.Key(2) with { Directory = Uuid.Zero }, new LeaderEpoch(5), Stage.At(0, 0), false, null), stage.Now)).IsGranted;
    }

    /// <summary>What can never be right is said before anything that may be right a moment later.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    public void A_fetch_whose_log_is_ahead_of_its_own_epoch_is_invalid_in_whatever_epoch(int epoch, int lastEpoch)
    {
        var stage = new Stage();
        stage.Lead();
        Assert.Equal(ErrorCode.InvalidRequest, stage.AskFetch(2, epoch, Stage.At(1, lastEpoch)).Answer.Error);
        stage.AskBegin(2, 4);
        Assert.Equal(ErrorCode.InvalidRequest, stage.AskFetch(3, 4, Stage.At(1, 5)).Answer.Error);
    }

    [Fact]
    public void A_fetcher_in_an_epoch_between_the_snapshot_and_the_log_learns_the_snapshots_end()
    {
        var stage = new Stage(epochs: [1, 1, 4, 4]);
        stage.Log.Snapshot(new Offset(2));
        stage.Lead();
        Assert.Equal(Stage.At(2, 1), stage.AskFetch(2, 5, Stage.At(3, 3)).Answer.Diverging);
    }

    [Fact]
    public void A_voter_that_lost_records_is_described_by_what_it_has_and_nothing_is_uncommitted_by_it()
    {
        var stage = new Stage(epochs: [1, 1]);
        stage.Lead();
        stage.AskFetch(2, 2, Stage.At(3, 2));
        stage.AskFetch(2, 2, Stage.At(1, 1));
        QuorumDescription told = stage.Member.Describe(stage.Now)!;
        Assert.Equal((new Offset(1), new Offset(3)), (told.Voters[1].LogEnd, told.HighWatermark));
    }

    [Fact]
    public void A_new_voter_whose_versions_cannot_be_learned_may_be_added_later()
    {
        Stage stage = Leading();
        var ask = new AddVoterAsk(Stage.Key(4), [SimulatedNode.EndpointOf(new BrokerId(4))], AckWhenCommitted: true);
        SendApiVersions question = Assert.Single(stage.Do(member => member.OnAddVoterAsked(s_change, ask, stage.Now)).OfType<SendApiVersions>());
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Do(member => member.OnApiVersionsAnswered(question.Request, ErrorCode.UnsupportedVersion, 0, 0, stage.Now))));
    }

    [Fact]
    public void A_voter_that_tells_an_impossible_range_of_versions_is_not_updated()
    {
        Stage stage = Leading();
        Voter voter = Stage.VoterOf(2, 1) with { KRaftVersionLowest = -1 };
        Assert.Equal(ErrorCode.InvalidRequest, stage.Ask(member => member.OnUpdateVoterAsked(new UpdateVoterAsk(stage.Member.Epoch, voter), stage.Now)).Error);
    }

    [Fact]
    public void A_leader_that_moved_writes_in_the_first_batch_of_its_epoch_where_it_listens_now()
    {
        VoterEndpoint moved = SimulatedNode.EndpointOf(new BrokerId(1)) with { Port = 4711 };
        var stage = new Stage(kraftVersion: 1, endpoints: [moved], epochs: [1]);
        VoterSet? written = Opening(stage);
        Assert.NotNull(written);
        Assert.Equal([moved], written.Find(new BrokerId(1))!.Endpoints);
        Assert.Equal(stage.Voters.Find(new BrokerId(2)), written.Find(new BrokerId(2)));

        Assert.Null(Opening(new Stage(kraftVersion: 1, epochs: [1])));
        Assert.Null(Opening(new Stage(endpoints: [moved], epochs: [1])));

        static VoterSet? Opening(Stage stage)
        {
            stage.WaitFor<SendVote>();
            stage.AnswerVotes(isGranted: true);
            return Assert.Single(stage.AnswerVotes(isGranted: true).OfType<AppendLeaderChange>()).Opening;
        }
    }

    /// <summary>Who asks on a second listener of the quorum is told the leader's endpoint there.</summary>
    [Fact]
    public void A_follower_learns_further_endpoints_of_its_leader()
    {
        var stage = new Stage();
        SendFetch fetch = stage.Follow(2, 5);
        VoterEndpoint known = SimulatedNode.EndpointOf(new BrokerId(2));
        VoterEndpoint[] all = [known with { ListenerName = "SECOND" }, known];
        IReadOnlyList<QuorumEffect> effects = stage.Do(member => member.OnBeginEpochAsked(new BeginEpochAsk(new BrokerId(2), new LeaderEpoch(5), null, all), stage.Now));
        Assert.Equal(all, stage.Member.LeaderEndpoints);
        Assert.Contains(new LeaderReachChanged(new BrokerId(2), new LeaderEpoch(5)), effects);
        stage.AskBegin(2, 5);
        Assert.Equal(all, stage.Member.LeaderEndpoints);

        stage.Answer(fetch, 2, 5);
        Assert.Equal(all, stage.WaitForFetch().Peer.Endpoints);
    }

    [Fact]
    public void An_answer_to_a_voters_update_tells_of_a_later_epoch()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        SendUpdateVoter update = stage.WaitFor<SendUpdateVoter>();
        stage.Do(member => member.OnVoterChangeAnswered(update.Request, new QuorumAnswer(ErrorCode.FencedLeaderEpoch, new BrokerId(3), new LeaderEpoch(6)), stage.Now));
        Assert.Equal((new LeaderEpoch(6), new BrokerId(3)), (stage.Member.Epoch, stage.Member.LeaderNode));
    }

    /// <summary>Whoever still follows it would refuse pre-votes until the fetch timeout. In an epoch that it did not lead it has nothing to end.</summary>
    [Theory]
    [InlineData(5, 1, 5, 2)]
    [InlineData(5, 1, 6, 0)]
    [InlineData(5, 2, 5, 0)]
    public void A_leader_that_starts_again_tells_the_voters_that_its_epoch_ended(int epoch, int leader, int epochOfLog, int told)
    {
        var stage = new Stage(known: new ElectionState(new LeaderEpoch(epoch), new BrokerId(leader), leader == 1 ? Stage.Key(1) : null), epochs: epochOfLog);
        List<SendEndEpoch> farewells = [.. stage.Effects.OfType<SendEndEpoch>()];
        Assert.Equal(Enumerable.Range(2, told), farewells.Select(each => each.Peer.Node.Value));
        Assert.All(farewells, each => Assert.Equal((new BrokerId(1), new LeaderEpoch(epoch), 0), (each.Ask.Leader, each.Ask.Epoch, each.Ask.PreferredCandidates.Count)));
        Assert.False(stage.Member.IsLeader);
    }

    /// <summary>A leader that is there again after a crash resigns so: it does not know who has what.</summary>
    [Fact]
    public void A_leader_that_ends_without_naming_successors_is_followed_by_whoever_stands_first()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        TimeSpan before = stage.Now;
        stage.Do(member => member.OnEndEpochAsked(new EndEpochAsk(new BrokerId(2), new LeaderEpoch(5), [], []), stage.Now));
        stage.WaitFor<SendVote>();
        Assert.InRange((stage.Now - before).TotalMilliseconds, 0, 100);
    }

    /// <summary>What a leader of Apache Kafka 4.3 answers in every case in which it cannot give the piece.</summary>
    [Fact]
    public void A_snapshot_is_given_up_that_the_leader_answers_for_with_an_unknown_error()
    {
        var stage = new Stage();
        SendFetch fetch = stage.Follow(2, 5);
        SendFetchSnapshot piece = Assert.Single(stage.Answer(fetch, 2, 5, snapshot: Stage.At(7, 4)).OfType<SendFetchSnapshot>());
        var answer = new FetchSnapshotAnswer(ErrorCode.UnknownServerError, null, LeaderEpoch.Unknown, 0, 0);
        Assert.Contains(new AbandonSnapshot(Stage.At(7, 4)), stage.Do(member => member.OnFetchSnapshotAnswered(piece.Request, answer, stage.Now)));
        TimeSpan before = stage.Now;
        stage.WaitForFetch();
        Assert.InRange((stage.Now - before).TotalMilliseconds, 0, 100);
    }

    private static ErrorCode Outcome(IReadOnlyList<QuorumEffect> effects) => Assert.Single(effects.OfType<AnswerVoterChange>()).Error;

    private static Stage Leading()
    {
        var stage = new Stage(kraftVersion: 1);
        stage.Lead();
        stage.AskFetch(2, 1, stage.Log.End);
        return stage;
    }
}
