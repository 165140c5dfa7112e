using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Rules;

public sealed class VoteTests
{
    [Fact]
    public void A_vote_is_on_the_disk_before_its_answer_leaves()
    {
        var stage = new Stage();
        VoteAnswer answer = stage.AskVote(2, 5, Stage.At(0, 0));
        Assert.True(answer.IsGranted);
        Assert.Contains(new PersistElectionState(new ElectionState(new LeaderEpoch(5), null, Stage.Key(2))), stage.Effects);
    }

    [Fact]
    public void Only_one_vote_is_given_in_an_epoch()
    {
        var stage = new Stage();
        Assert.True(stage.AskVote(2, 5, Stage.At(0, 0)).IsGranted);
        Assert.False(stage.AskVote(3, 5, Stage.At(9, 4)).IsGranted);
        Assert.True(stage.AskVote(2, 5, Stage.At(0, 0)).IsGranted);
    }

    [Fact]
    public void A_vote_survives_a_restart()
    {
        var stage = new Stage(known: new ElectionState(new LeaderEpoch(5), null, Stage.Key(2)));
        Assert.False(stage.AskVote(3, 5, Stage.At(9, 4)).IsGranted);
    }

    [Fact]
    public void A_leader_that_restarts_votes_for_nobody_else_in_its_epoch()
    {
        var stage = new Stage(known: new ElectionState(new LeaderEpoch(5), new BrokerId(1), Stage.Key(1)));
        Assert.False(stage.AskVote(3, 5, Stage.At(9, 4)).IsGranted);
        Assert.Null(stage.Member.LeaderNode);
    }

    [Fact]
    public void No_vote_is_given_while_a_leader_is_known()
    {
        var stage = new Stage();
        stage.AskBegin(2, 5);
        Assert.False(stage.AskVote(3, 5, Stage.At(9, 4)).IsGranted);
    }

    [Theory]
    [InlineData(2, 3, false)]
    [InlineData(3, 3, true)]
    [InlineData(1, 4, true)]
    public void A_candidate_needs_a_log_as_complete_as_the_voters_own(long end, int epoch, bool isGranted)
    {
        var stage = new Stage(epochs: [1, 3, 3]);
        Assert.Equal(isGranted, stage.AskVote(2, 9, Stage.At(end, epoch)).IsGranted);
    }

    [Fact]
    public void A_candidate_of_an_epoch_that_is_over_is_fenced()
    {
        var stage = new Stage(known: new ElectionState(new LeaderEpoch(7), null, null));
        VoteAnswer answer = stage.AskVote(2, 6, Stage.At(0, 0));
        Assert.Equal((ErrorCode.FencedLeaderEpoch, new LeaderEpoch(7)), (answer.Error, answer.Epoch));
    }

    [Fact]
    public void A_vote_that_is_meant_for_another_directory_is_refused_but_its_epoch_counts()
    {
        var stage = new Stage();
        VoteAnswer answer = stage.AskVote(2, 6, Stage.At(0, 0), voter: Stage.Key(1) with { Directory = new Uuid(1, 1) });
        Assert.Equal((ErrorCode.InvalidVoterKey, new LeaderEpoch(6), false), (answer.Error, answer.Epoch, answer.IsGranted));
    }

    [Theory]
    [InlineData(2, 6, 6, false)]
    [InlineData(-1, 6, 0, false)]
    [InlineData(2, 6, 7, true)]
    [InlineData(2, 6, -1, true)]
    public void Impossible_requests_are_invalid(int candidate, int epoch, int lastEpoch, bool isPreVote) =>
        Assert.Equal(ErrorCode.InvalidRequest, new Stage().AskVote(candidate, epoch, Stage.At(5, lastEpoch), isPreVote).Error);

    [Fact]
    public void A_member_that_knows_no_leader_names_none()
    {
        var stage = new Stage();
        VoteAnswer answer = stage.AskVote(2, 5, Stage.At(0, 0));
        Assert.Null(answer.Leader);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, stage.AskFetch(3, 5, Stage.At(0, 0)).Answer.Error);
        Assert.Null(stage.AskFetch(3, 5, Stage.At(0, 0)).Answer.Leader);
    }
}
