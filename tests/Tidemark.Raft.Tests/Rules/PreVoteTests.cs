using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft.Tests.Rules;

public sealed class PreVoteTests
{
    [Fact]
    public void A_pre_vote_changes_nothing_on_the_disk()
    {
        var stage = new Stage();
        Assert.True(stage.AskVote(2, 0, Stage.At(0, 0), isPreVote: true).IsGranted);
        Assert.True(stage.AskVote(3, 0, Stage.At(0, 0), isPreVote: true).IsGranted);
        Assert.DoesNotContain(stage.Effects, effect => effect is PersistElectionState);
    }

    [Fact]
    public void A_follower_refuses_only_after_a_successful_fetch()
    {
        var stage = new Stage();
        stage.AskBegin(2, 5);
        Assert.True(stage.AskVote(3, 5, Stage.At(0, 0), isPreVote: true).IsGranted);
        stage.Follow(2, 5);
        Assert.False(stage.AskVote(3, 5, Stage.At(0, 0), isPreVote: true).IsGranted);
    }

    [Fact]
    public void The_epoch_rises_only_when_a_majority_would_vote_for_the_member()
    {
        var stage = new Stage();
        SendVote vote = stage.WaitFor<SendVote>();
        Assert.True(vote.Ask.IsPreVote);
        Assert.Equal(0, stage.Member.Epoch.Value);
        IReadOnlyList<QuorumEffect> effects = stage.AnswerVotes(isGranted: true);
        Assert.IsType<Candidate>(stage.Member.Role);
        Assert.IsType<PersistElectionState>(effects[0]);
        Assert.All(effects.OfType<SendVote>(), each => Assert.Equal((1, false), (each.Ask.Epoch.Value, each.Ask.IsPreVote)));
    }

    [Fact]
    public void A_member_that_was_cut_off_does_not_depose_a_leader_that_the_others_hear()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        stage.WaitFor<SendVote>();
        stage.AnswerVotes(isGranted: false);
        Assert.IsType<Follower>(stage.Member.Role);
        Assert.Equal(5, stage.Member.Epoch.Value);
    }

    [Fact]
    public void A_follower_whose_leader_is_gone_grants_and_asks_at_once()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        TimeSpan before = stage.Now;
        stage.Do(member => member.OnNodeGone(new BrokerId(2), stage.Now));
        Assert.True(stage.AskVote(3, 5, Stage.At(0, 0), isPreVote: true).IsGranted);
        stage.WaitFor<SendVote>();
        Assert.True(stage.Now - before <= TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public void A_voter_that_has_not_noticed_yet_that_the_leader_is_gone_is_asked_again_soon()
    {
        var stage = new Stage();
        stage.Follow(2, 5);
        stage.Do(member => member.OnNodeGone(new BrokerId(2), stage.Now));
        stage.WaitFor<SendVote>();
        SendVote asked = stage.Effects.OfType<SendVote>().Single(vote => vote.Peer.Node.Value == 3);
        stage.Do(member => member.OnVoteAnswered(asked.Request, new VoteAnswer(ErrorCode.None, new BrokerId(2), asked.Ask.Epoch, false), stage.Now));
        TimeSpan refused = stage.Now;
        SendVote again = stage.WaitFor<SendVote>();
        Assert.Equal((3, true), (again.Peer.Node.Value, again.Ask.IsPreVote));
        Assert.True(stage.Now - refused <= TimeSpan.FromMilliseconds(100));
        stage.Do(member => member.OnVoteAnswered(again.Request, new VoteAnswer(ErrorCode.None, null, again.Ask.Epoch, true), stage.Now));
        Assert.IsType<Candidate>(stage.Member.Role);
    }
}
