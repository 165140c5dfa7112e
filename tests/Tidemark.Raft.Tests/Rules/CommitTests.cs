using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Rules;

public sealed class CommitTests
{
    [Fact]
    public void Nothing_is_committed_before_something_of_the_leaders_epoch_is()
    {
        var stage = new Stage(epochs: [1, 1, 2]);
        stage.Lead();
        Assert.Equal(3, stage.Leader.EpochStart.Value);
        stage.AskFetch(2, 3, Stage.At(3, 2));
        stage.AskFetch(3, 3, Stage.At(3, 2));
        Assert.Equal(Offset.Unknown, stage.Member.HighWatermark);
        stage.AskFetch(2, 3, Stage.At(4, 3));
        Assert.Equal(new Offset(4), stage.Member.HighWatermark);
    }

    [Fact]
    public void A_leader_counts_itself_only_with_what_it_flushed()
    {
        var stage = new Stage();
        stage.Lead();
        stage.Append(3);
        stage.AskFetch(2, 1, Stage.At(4, 1));
        Assert.Equal(new Offset(1), stage.Member.HighWatermark);
        stage.Flush();
        Assert.Equal(new Offset(4), stage.Member.HighWatermark);
    }

    [Fact]
    public void A_fetch_that_was_overtaken_does_not_lower_a_voters_end()
    {
        var stage = new Stage();
        stage.Lead();
        stage.Append(3);
        stage.AskFetch(2, 1, Stage.At(4, 1));
        stage.AskFetch(2, 1, Stage.At(1, 1));
        stage.Flush();
        Assert.Equal(new Offset(4), stage.Member.HighWatermark);
    }

    [Fact]
    public void An_observer_commits_nothing()
    {
        var stage = new Stage();
        stage.Lead();
        stage.AskFetch(9, 1, Stage.At(1, 1));
        Assert.Equal(Offset.Unknown, stage.Member.HighWatermark);
    }

    [Fact]
    public void A_diverging_fetch_says_nothing_of_a_voters_end()
    {
        var stage = new Stage(epochs: [1, 3]);
        stage.Lead();
        FetchVerdict verdict = stage.AskFetch(2, 4, Stage.At(3, 2));
        Assert.Equal(Stage.At(1, 1), verdict.Answer.Diverging);
        Assert.Equal(Offset.Unknown, stage.Member.HighWatermark);
    }

    [Fact]
    public void A_follower_knows_at_most_what_it_has_to_be_committed()
    {
        var stage = new Stage(epochs: [1, 1]);
        stage.Follow(2, 5, highWatermark: 10);
        Assert.Equal(new Offset(2), stage.Member.HighWatermark);
    }
}
