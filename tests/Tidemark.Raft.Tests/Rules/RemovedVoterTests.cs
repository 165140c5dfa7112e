using Tidemark.Primitives;
using Tidemark.Raft.Roles;
using Tidemark.Raft.Tests.Simulation;

namespace Tidemark.Raft.Tests.Rules;

public sealed class RemovedVoterTests
{
    [Fact]
    public void A_member_whose_removal_may_not_be_committed_still_stands_without_its_own_vote()
    {
        var stage = new Stage(kraftVersion: 1, epochs: [1]);
        stage.Lead();
        stage.AskFetch(2, stage.Member.Epoch.Value, stage.Log.End);
        stage.Do(member => member.OnRemoveVoterAsked(new ChangeId(1), new RemoveVoterAsk(Stage.Key(1)), stage.Now));
        stage.Flush();
        stage.Do(member => member.Resign(stage.Now));
        stage.Effects.Clear();
        stage.WaitFor<SendVote>();
        Assert.Equal([2, 3], stage.Effects.OfType<SendVote>().Select(each => each.Peer.Node.Value).Order());
        Assert.False(stage.Member.IsVoter);
        SendVote one = stage.Effects.OfType<SendVote>().First();
        stage.Do(member => member.OnVoteAnswered(one.Request, new VoteAnswer(ErrorCode.None, null, one.Ask.Epoch, true), stage.Now));
        Assert.IsType<Prospective>(stage.Member.Role);
    }

    [Fact]
    public void Whoever_may_become_a_voter_flushes_before_it_fetches()
    {
        var stage = new Stage(kraftVersion: 1, self: 4);
        SendFetch fetch = stage.Follow(2, 5);
        stage.Do(member => member.OnFetchAnswered(fetch.Request, new FetchAnswer(ErrorCode.None, new BrokerId(2), new LeaderEpoch(5), Offset.Unknown) { HasRecords = true }, stage.Now));
        stage.Log.Append(new Entry(new LeaderEpoch(5), 50));
        Assert.IsType<FlushLog>(Assert.Single(stage.Do(member => member.OnAppended(stage.Now))));
    }
}
