using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft.Tests.Rules;

public sealed class ElectionTests
{
    [Fact]
    public void A_quorum_of_one_elects_itself_at_once_with_one_write()
    {
        var stage = new Stage(voters: 1);
        Assert.IsType<Leader>(stage.Member.Role);
        Assert.Equal(new PersistElectionState(new ElectionState(new LeaderEpoch(1), new BrokerId(1), Stage.Key(1))), stage.Effects[0]);
        Assert.Single(stage.Effects, effect => effect is PersistElectionState);
        Assert.Equal(new AdvanceCommit(new Offset(1)), Assert.Single(stage.Flush(), effect => effect is AdvanceCommit));
    }

    [Fact]
    public void An_epoch_never_comes_twice_even_when_the_state_was_lost() => Assert.Equal(8, new Stage(voters: 1, epochs: [7]).Member.Epoch.Value);

    [Fact]
    public void A_majority_of_votes_makes_a_leader_that_opens_its_epoch_and_tells_the_voters()
    {
        var stage = new Stage();
        stage.WaitFor<SendVote>();
        stage.AnswerVotes(isGranted: true);
        IReadOnlyList<QuorumEffect> effects = stage.AnswerVotes(isGranted: true);
        Assert.IsType<Leader>(stage.Member.Role);
        int persisted = effects.ToList().FindIndex(effect => effect is PersistElectionState { State.Leader.Value: 1 });
        int opened = effects.ToList().FindIndex(effect => effect is AppendLeaderChange);
        Assert.InRange(persisted, 0, opened - 1);
        Assert.Equal([2, 3], effects.OfType<SendBeginEpoch>().Select(each => each.Peer.Node.Value).Order());
    }

    [Fact]
    public void BeginQuorumEpoch_is_sent_again_until_the_voter_fetches()
    {
        var stage = new Stage();
        stage.WaitFor<SendVote>();
        stage.AnswerVotes(isGranted: true);
        List<SendBeginEpoch> first = [.. stage.AnswerVotes(isGranted: true).OfType<SendBeginEpoch>()];
        stage.Do(member => first.ForEach(each => member.OnBeginEpochAnswered(each.Request, new QuorumAnswer(ErrorCode.None, new BrokerId(1), new LeaderEpoch(1)), stage.Now)));
        stage.Wait(0.9);
        stage.AskFetch(2, 1, Stage.At(1, 1));
        Assert.Equal(3, Assert.Single(stage.Wait(0.2).OfType<SendBeginEpoch>()).Peer.Node.Value);
    }

    [Fact]
    public void A_lost_election_ends_without_a_second_epoch_at_once()
    {
        var stage = new Stage();
        stage.WaitFor<SendVote>();
        stage.AnswerVotes(isGranted: true);
        stage.AnswerVotes(isGranted: false);
        Assert.IsType<Unattached>(stage.Member.Role);
        Assert.Equal(Stage.Key(1), stage.Member.Role.VotedFor);
        Assert.Equal(1, stage.Member.Epoch.Value);
    }

    [Fact]
    public void A_late_answer_to_a_pre_vote_is_no_vote()
    {
        var stage = new Stage();
        SendVote preVote = stage.WaitFor<SendVote>();
        stage.AnswerVotes(isGranted: true);
        stage.Do(member => member.OnVoteAnswered(preVote.Request, new VoteAnswer(ErrorCode.None, null, new LeaderEpoch(1), true), stage.Now));
        Assert.IsType<Candidate>(stage.Member.Role);
    }

    [Fact]
    public void A_second_leader_in_an_epoch_is_refused()
    {
        var stage = new Stage();
        stage.AskBegin(2, 5);
        QuorumAnswer answer = stage.AskBegin(3, 5);
        Assert.Equal((ErrorCode.InvalidRequest, new BrokerId(2)), (answer.Error, answer.Leader));
    }

    [Fact]
    public void The_first_preferred_successor_stands_at_once_and_the_next_waits()
    {
        foreach ((int[] preferred, double waitMs) in new[] { (new[] { 1, 3 }, 0.0), ([3, 1], 500.0), ([3, 4], 1000.0) })
        {
            var stage = new Stage();
            stage.Follow(2, 5);
            TimeSpan before = stage.Now;
            stage.Do(member => member.OnEndEpochAsked(new EndEpochAsk(new BrokerId(2), new LeaderEpoch(5), [.. preferred.Select(Stage.Key)], []), stage.Now));
            stage.WaitFor<SendVote>();
            Assert.Equal(waitMs, (stage.Now - before).TotalMilliseconds);
        }
    }

    [Fact]
    public void A_leader_that_shuts_down_tells_the_voters_whom_it_prefers()
    {
        var stage = new Stage();
        stage.Lead();
        stage.AskFetch(3, 1, Stage.At(1, 1));
        IReadOnlyList<QuorumEffect> effects = stage.Do(member => member.Shutdown(stage.Now));
        List<SendEndEpoch> farewells = [.. effects.OfType<SendEndEpoch>()];
        Assert.Equal([3, 2], farewells[0].Ask.PreferredCandidates.Select(each => each.Node.Value));
        Assert.False(stage.Member.IsShutDown);
        stage.Do(member => farewells.ForEach(each => member.OnEndEpochAnswered(each.Request, new QuorumAnswer(ErrorCode.None, null, new LeaderEpoch(1)), stage.Now)));
        Assert.True(stage.Member.IsShutDown);
    }

    [Fact]
    public void A_leader_that_no_majority_fetches_from_resigns()
    {
        var stage = new Stage(voters: 5);
        stage.Lead();
        stage.Wait(2);
        stage.AskFetch(2, 1, Stage.At(1, 1));
        stage.AskFetch(3, 1, Stage.At(1, 1));
        stage.Wait(2.9);
        Assert.IsType<Leader>(stage.Member.Role);
        stage.AskFetch(2, 1, Stage.At(1, 1));
        IReadOnlyList<QuorumEffect> effects = stage.Wait(0.2);
        Assert.IsType<Resigned>(stage.Member.Role);
        Assert.Null(stage.Member.LeaderNode);
        Assert.Equal(4, effects.OfType<SendEndEpoch>().Count());
    }
}
