using Tidemark.Primitives;
using Tidemark.Raft.Roles;
using Tidemark.Raft.Tests.Simulation;

namespace Tidemark.Raft.Tests.Rules;

public sealed class VoterChangeTests
{
    private static readonly ChangeId s_change = new(77);

    [Fact]
    public void Fixed_voters_cannot_be_changed()
    {
        Stage stage = Leading(kraftVersion: 0);
        Assert.Equal(ErrorCode.UnsupportedVersion, Outcome(stage.Do(member => member.OnAddVoterAsked(s_change, Add(4), stage.Now))));
        Assert.Equal(ErrorCode.UnsupportedVersion, Outcome(stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(2)), stage.Now))));
    }

    [Fact]
    public void A_voter_is_added_when_it_has_caught_up_and_the_new_set_commits_it()
    {
        Stage stage = Leading();
        stage.AskFetch(4, 1, stage.Log.End);
        SendApiVersions question = Assert.Single(stage.Do(member => member.OnAddVoterAsked(s_change, Add(4), stage.Now)).OfType<SendApiVersions>());
        stage.Do(member => member.OnApiVersionsAnswered(question.Request, ErrorCode.None, 0, 1, stage.Now));
        Assert.Equal(4, stage.Member.Voters.Count);
        stage.Flush();
        stage.AskFetch(2, 1, stage.Log.End);
        Assert.DoesNotContain(stage.Effects, effect => effect is AnswerVoterChange);
        stage.AskFetch(4, 1, stage.Log.End);
        Assert.Equal(ErrorCode.None, Outcome(stage.Effects));
    }

    [Fact]
    public void A_voter_that_has_not_caught_up_is_not_added()
    {
        Stage stage = Leading();
        SendApiVersions question = Assert.Single(stage.Do(member => member.OnAddVoterAsked(s_change, Add(4), stage.Now)).OfType<SendApiVersions>());
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Do(member => member.OnApiVersionsAnswered(question.Request, ErrorCode.None, 0, 1, stage.Now))));
        Assert.Equal(3, stage.Member.Voters.Count);
    }

    [Fact]
    public void A_voter_that_does_not_know_the_quorums_version_is_not_added()
    {
        Stage stage = Leading();
        SendApiVersions question = Assert.Single(stage.Do(member => member.OnAddVoterAsked(s_change, Add(4), stage.Now)).OfType<SendApiVersions>());
        Assert.Equal(ErrorCode.InvalidRequest, Outcome(stage.Do(member => member.OnApiVersionsAnswered(question.Request, ErrorCode.None, 0, 0, stage.Now))));
    }

    [Fact]
    public void Voters_change_one_at_a_time()
    {
        Stage stage = Leading();
        stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(3)), stage.Now));
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Do(member => member.OnRemoveVoterAsked(new ChangeId(1), new RemoveVoterAsk(Stage.Key(2)), stage.Now))));
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Wait(2)));
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Do(member => member.OnAddVoterAsked(new ChangeId(2), Add(4), stage.Now))));
    }

    [Fact]
    public void Voters_do_not_change_before_the_leaders_epoch_is_committed()
    {
        var stage = new Stage(kraftVersion: 1);
        stage.Lead();
        Assert.Equal(ErrorCode.RequestTimedOut, Outcome(stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(3)), stage.Now))));
    }

    [Theory]
    [InlineData(2, 2UL, ErrorCode.DuplicateVoter)]
    [InlineData(2, 9UL, ErrorCode.DuplicateVoter)]
    [InlineData(4, 0UL, ErrorCode.InvalidRequest)]
    [InlineData(-1, 4UL, ErrorCode.InvalidRequest)]
    public void A_new_voter_needs_an_id_of_its_own_and_a_directory(int id, ulong directory, ErrorCode error)
    {
        Stage stage = Leading();
        var key = new ReplicaKey(new BrokerId(id), directory == 0 ? Uuid.Zero : new Uuid(7, directory));
        Assert.Equal(error, Outcome(stage.Do(member => member.OnAddVoterAsked(s_change, Add(4) with { Voter = key }, stage.Now))));
    }

    [Fact]
    public void A_new_voter_needs_an_endpoint_for_the_quorums_listener()
    {
        Stage stage = Leading();
        var ask = new AddVoterAsk(Stage.Key(4), [new VoterEndpoint("OTHER", "h", 1)], true);
        Assert.Equal(ErrorCode.InvalidRequest, Outcome(stage.Do(member => member.OnAddVoterAsked(s_change, ask, stage.Now))));
    }

    [Fact]
    public void Only_the_very_voter_is_removed()
    {
        Stage stage = Leading();
        var other = new RemoveVoterAsk(Stage.Key(2) with { Directory = new Uuid(1, 1) });
        Assert.Equal(ErrorCode.VoterNotFound, Outcome(stage.Do(member => member.OnRemoveVoterAsked(s_change, other, stage.Now))));
    }

    [Fact]
    public void A_removed_voter_counts_no_more()
    {
        Stage stage = Leading();
        stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(3)), stage.Now));
        stage.Flush();
        stage.AskFetch(3, 1, stage.Log.End);
        Assert.True(stage.Member.HighWatermark < stage.Log.End.EndOffset);
        stage.AskFetch(2, 1, stage.Log.End);
        Assert.Equal(stage.Log.End.EndOffset, stage.Member.HighWatermark);
        Assert.Equal(ErrorCode.None, Outcome(stage.Effects));
    }

    [Fact]
    public void A_leader_that_removes_itself_leads_until_that_is_committed_without_counting_itself()
    {
        Stage stage = Leading();
        stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(1)), stage.Now));
        stage.Flush();
        stage.AskFetch(2, 1, stage.Log.End);
        Assert.IsType<Leader>(stage.Member.Role);
        Assert.True(stage.Member.HighWatermark < stage.Log.End.EndOffset);
        stage.AskFetch(3, 1, stage.Log.End);
        Assert.IsType<Resigned>(stage.Member.Role);
        Assert.Equal(2, stage.Effects.OfType<SendEndEpoch>().Count());
        Assert.Equal(ErrorCode.None, Outcome(stage.Effects));
    }

    [Fact]
    public void The_last_voter_stays()
    {
        var stage = new Stage(kraftVersion: 1, voters: 1);
        stage.Flush();
        Assert.Equal(ErrorCode.VoterNotFound, Outcome(stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(1)), stage.Now))));
        Assert.Equal(1, stage.Member.Voters.Count);
    }

    [Fact]
    public void A_change_in_hand_fails_when_the_leader_is_deposed()
    {
        Stage stage = Leading();
        stage.Do(member => member.OnRemoveVoterAsked(s_change, new RemoveVoterAsk(Stage.Key(3)), stage.Now));
        stage.AskBegin(2, 9);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, Outcome(stage.Effects));
    }

    [Fact]
    public void A_change_that_is_truncated_never_was()
    {
        var stage = new Stage(kraftVersion: 1, epochs: [1]);
        SendFetch fetch = stage.Follow(2, 5);
        stage.Do(member => member.OnFetchAnswered(fetch.Request, new FetchAnswer(ErrorCode.None, new BrokerId(2), new LeaderEpoch(5), Offset.Unknown) { HasRecords = true }, stage.Now));
        VoterSet smaller = stage.Voters.Without(new BrokerId(3));
        stage.Log.Append(new Entry(new LeaderEpoch(5), 50, smaller));
        stage.Do(member => member.OnVotersAppended(new VotersAt(new Offset(1), smaller), stage.Now));
        stage.Do(member => member.OnAppended(stage.Now));
        Assert.Equal(2, stage.Member.Voters.Count);
        SendFetch next = stage.Follow(3, 6);
        stage.Answer(next, 3, 6, diverging: Stage.At(1, 1));
        Assert.Equal(3, stage.Member.Voters.Count);
    }

    [Fact]
    public void A_controller_joins_by_itself_when_it_may()
    {
        var stage = new Stage(kraftVersion: 1, self: 4, autoJoin: true);
        stage.Follow(2, 5);
        AddVoterAsk ask = stage.WaitFor<SendAddVoter>().Ask;
        Assert.Equal((Stage.Key(4), false), (ask.Voter, ask.AckWhenCommitted));
    }

    [Fact]
    public void A_controller_that_lost_its_directory_first_removes_the_former_one()
    {
        var stage = new Stage(kraftVersion: 1, self: 4, autoJoin: true);
        stage.AskBegin(2, 5);
        var former = new ReplicaKey(new BrokerId(4), new Uuid(1, 1));
        VoterSet voters = stage.Voters.With(Stage.VoterOf(4, 1) with { Key = former });
        stage.Log.Append(new Entry(new LeaderEpoch(5), 50, voters));
        stage.Do(member => member.OnVotersAppended(new VotersAt(Offset.Zero, voters), stage.Now));
        stage.Follow(2, 5);
        Assert.False(stage.Member.IsVoter);
        Assert.Equal(former, stage.WaitFor<SendRemoveVoter>().Ask.Voter);
    }

    [Fact]
    public void Fixed_voters_are_written_down_when_all_have_told_their_directories()
    {
        Stage stage = Leading(kraftVersion: 0);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Outcome(stage.Do(member => member.OnUpgradeAsked(s_change, 1, false, stage.Now))));
        foreach (int id in new[] { 2, 3 })
        {
            Assert.Equal(ErrorCode.None, stage.Ask(member => member.OnUpdateVoterAsked(new UpdateVoterAsk(new LeaderEpoch(1), Stage.VoterOf(id, 1)), stage.Now)).Error);
        }

        AppendVoters append = Assert.Single(stage.Do(member => member.OnUpgradeAsked(s_change, 1, false, stage.Now)).OfType<AppendVoters>());
        Assert.True(append.WithVersion);
        Assert.Equal([1, 2, 3], append.Voters.Voters.Select(each => (int)each.Key.Directory.Low));
        stage.Flush();
        stage.AskFetch(2, 1, stage.Log.End);
        Assert.Equal(ErrorCode.None, Outcome(stage.Effects));
    }

    [Fact]
    public void DescribeQuorum_tells_how_far_each_member_is()
    {
        Stage stage = Leading();
        stage.Wait(1);
        stage.AskFetch(9, 1, Stage.At(0, 0));
        QuorumDescription told = stage.Member.Describe(stage.Now)!;
        Assert.Equal([1, 2, 3], told.Voters.Select(each => each.Key.Node.Value));
        Assert.Equal((new Offset(1), TimeSpan.FromSeconds(1)), (told.HighWatermark, stage.Now - told.Voters[1].LastFetch));
        Assert.Equal((Offset.Unknown, null), (told.Voters[2].LogEnd, told.Voters[2].LastFetch));
        ReplicaDescription observer = Assert.Single(told.Observers);
        Assert.Equal((new Offset(0), stage.Now, null), (observer.LogEnd, observer.LastFetch, observer.LastCaughtUp));
    }

    private static AddVoterAsk Add(int id) => new(Stage.Key(id), [SimulatedNode.EndpointOf(new BrokerId(id))], AckWhenCommitted: true);

    private static ErrorCode Outcome(IReadOnlyList<QuorumEffect> effects) => Assert.Single(effects.OfType<AnswerVoterChange>()).Error;

    private static Stage Leading(short kraftVersion = 1)
    {
        var stage = new Stage(kraftVersion);
        stage.Lead();
        stage.AskFetch(2, 1, stage.Log.End);
        Assert.Equal(new Offset(1), stage.Member.HighWatermark);
        return stage;
    }
}
