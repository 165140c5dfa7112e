using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Raft.Roles;

namespace Tidemark.Metadata.Tests.Quorum;

public sealed class LoneVoterTests
{
    private static readonly ReplicaKey s_self = new(new BrokerId(1), new Uuid(1, 1));

    [Fact]
    public void It_leads_only_when_its_own_vote_is_on_the_disk()
    {
        var voter = new LoneVoter(s_self, ElectionState.Initial, new LeaderEpoch(0), Offset.Zero);
        var persist = Assert.IsType<PersistElectionState>(Assert.Single(voter.Start()));
        Assert.Equal(new ElectionState(new LeaderEpoch(1), new BrokerId(1), null), persist.State);
        Assert.IsType<Candidate>(voter.Role);
        IReadOnlyList<QuorumEffect> effects = voter.OnPersisted(persist.State);
        Assert.IsType<Leader>(voter.Role);
        Assert.Equal(new AppendLeaderChange(new LeaderEpoch(1), s_self), Assert.Single(effects));
    }

    [Fact]
    public void An_epoch_never_comes_twice_even_when_the_state_was_lost()
    {
        var voter = new LoneVoter(s_self, ElectionState.Initial, new LeaderEpoch(7), new Offset(100));
        voter.Start();
        Assert.Equal(8, voter.Epoch.Value);
    }

    [Fact]
    public void Nothing_is_committed_before_it_is_flushed_nor_before_something_of_its_own_epoch_is()
    {
        LoneVoter voter = Leading(new Offset(10));
        Assert.Empty(voter.OnFlushed(new Offset(10)));
        voter.OnAppended(new Offset(11));
        Assert.Equal(Offset.Unknown, voter.HighWatermark);
        Assert.Equal(new AdvanceCommit(new Offset(11)), Assert.Single(voter.OnFlushed(new Offset(11))));
        voter.OnAppended(new Offset(15));
        Assert.Equal(new Offset(11), voter.HighWatermark);
        Assert.Empty(voter.OnFlushed(new Offset(11)));
        Assert.Single(voter.OnFlushed(new Offset(15)));
    }

    [Fact]
    public void After_resigning_nothing_is_appended_or_committed()
    {
        LoneVoter voter = Leading(Offset.Zero);
        voter.OnAppended(new Offset(1));
        voter.Resign();
        Assert.Empty(voter.OnFlushed(new Offset(1)));
        Assert.Throws<InvariantViolationException>(() => voter.OnAppended(new Offset(2)));
    }

    [Fact]
    public void The_log_ends_only_where_it_was_appended_to()
    {
        LoneVoter voter = Leading(new Offset(5));
        Assert.Throws<InvariantViolationException>(() => voter.OnFlushed(new Offset(6)));
        Assert.Throws<InvariantViolationException>(() => voter.OnAppended(new Offset(5)));
    }

    private static LoneVoter Leading(Offset end)
    {
        var voter = new LoneVoter(s_self, ElectionState.Initial, new LeaderEpoch(0), end);
        voter.OnPersisted(((PersistElectionState)voter.Start()[0]).State);
        return voter;
    }
}
