using Tidemark.Primitives;
using Tidemark.Raft.Roles;
using Tidemark.Raft.Tests.Simulation;

namespace Tidemark.Raft.Tests.Rules;

/// <summary>One member on a stage: the test plays its peers, its disk and the clock. Appends and truncations are carried out; flushes only on request.</summary>
public sealed class Stage
{
    private long _values;

    public Stage(short kraftVersion = 0, int voters = 3, int self = 1, ElectionState? known = null, bool canBecomeVoter = true, bool autoJoin = false, VoterEndpoint[]? endpoints = null, params int[] epochs)
    {
        Voters = new VoterSet(kraftVersion, Enumerable.Range(1, voters).Select(id => VoterOf(id, kraftVersion)));
        foreach (int epoch in epochs)
        {
            Log.Append(new Entry(new LeaderEpoch(epoch), ++_values));
        }

        Log.Flush();
        var options = new QuorumMemberOptions
        {
            Self = Key(self),
            Endpoints = endpoints ?? [SimulatedNode.EndpointOf(new BrokerId(self))],
            CanBecomeVoter = canBecomeVoter,
            AutoJoin = autoJoin,
            HasBootstrapServers = true,
            Seed = 1,
        };
        Member = new QuorumMember(options, Log, known ?? ElectionState.Initial, [new VotersAt(Offset.Unknown, Voters)], Now);
        Member.Start(Now);
        CarryOut();
    }

    public MemoryLog Log { get; } = new();

    public VoterSet Voters { get; }

    public QuorumMember Member { get; }

    public TimeSpan Now { get; private set; }

    /// <summary>What the member asked for since the last look, in order.</summary>
    public List<QuorumEffect> Effects { get; } = [];

    public Leader Leader => Assert.IsType<Leader>(Member.Role);

    public static ReplicaKey Key(int id) => new(new BrokerId(id), new Uuid(7, (ulong)id));

    public static Voter VoterOf(int id, short kraftVersion) =>
        new(kraftVersion == 0 ? Key(id) with { Directory = Uuid.Zero } : Key(id), [SimulatedNode.EndpointOf(new BrokerId(id))]);

    public static LogPosition At(long end, int epoch) => new(new Offset(end), new LeaderEpoch(epoch));

    /// <summary>Calls the member, carries out what follows, and says what that was.</summary>
    public IReadOnlyList<QuorumEffect> Do(Action<QuorumMember> call)
    {
        Effects.Clear();
        call(Member);
        CarryOut();
        return [.. Effects];
    }

    public T Ask<T>(Func<QuorumMember, T> call)
    {
        T answer = default!;
        Do(member => answer = call(member));
        return answer;
    }

    public IReadOnlyList<QuorumEffect> Wait(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return Do(member => member.Tick(Now));
    }

    /// <summary>Lets the time pass at which the member next does something, until it asks for such an effect.</summary>
    public T WaitFor<T>()
        where T : QuorumEffect
    {
        for (int i = 0; i < 1000; i++)
        {
            if (Effects.OfType<T>().FirstOrDefault() is { } found)
            {
                return found;
            }

            Now = Assert.NotNull(Member.NextDeadline);
            Do(member => member.Tick(Now));
        }

        Assert.Fail($"no {typeof(T).Name}");
        return null!;
    }

    public IReadOnlyList<QuorumEffect> Flush() => Do(member => member.OnFlushed(Log.Flush(), Now));

    public IReadOnlyList<QuorumEffect> Append(int records = 1) => Do(member =>
    {
        for (int i = 0; i < records; i++)
        {
            Log.Append(new Entry(member.Epoch, ++_values));
        }

        member.OnAppended(Now);
    });

    public VoteAnswer AskVote(int candidate, int epoch, LogPosition end, bool isPreVote = false, ReplicaKey? voter = null) =>
        Ask(member => member.OnVoteAsked(new VoteAsk(Key(candidate), new LeaderEpoch(epoch), end, isPreVote, voter), Now));

    public QuorumAnswer AskBegin(int leader, int epoch) =>
        Ask(member => member.OnBeginEpochAsked(new BeginEpochAsk(new BrokerId(leader), new LeaderEpoch(epoch), null, [SimulatedNode.EndpointOf(new BrokerId(leader))]), Now));

    public FetchVerdict AskFetch(int replica, int epoch, LogPosition end, long highWatermark = -1) =>
        Ask(member => member.OnFetchAsked(new FetchAsk(Key(replica), new LeaderEpoch(epoch), end, new Offset(highWatermark), TimeSpan.FromSeconds(0.5)), Now));

    /// <summary>Follows a leader, which answers the first fetch.</summary>
    public SendFetch Follow(int leader, int epoch, long highWatermark = -1)
    {
        AskBegin(leader, epoch);
        Flush();
        Answer(WaitForFetch(), leader, epoch, highWatermark);
        return WaitForFetch();
    }

    /// <summary>The fetch that is under way.</summary>
    public SendFetch WaitForFetch() => WaitFor<SendFetch>();

    public IReadOnlyList<QuorumEffect> Answer(SendFetch fetch, int leader, int epoch, long highWatermark = -1, LogPosition? diverging = null, LogPosition? snapshot = null) =>
        Do(member => member.OnFetchAnswered(fetch.Request, new FetchAnswer(ErrorCode.None, new BrokerId(leader), new LeaderEpoch(epoch), new Offset(highWatermark)) { Diverging = diverging, Snapshot = snapshot }, Now));

    /// <summary>Every vote or pre-vote that is under way gets the same answer.</summary>
    public IReadOnlyList<QuorumEffect> AnswerVotes(bool isGranted)
    {
        List<SendVote> asked = [.. Effects.OfType<SendVote>()];
        return Do(member => asked.ForEach(vote => member.OnVoteAnswered(vote.Request, new VoteAnswer(ErrorCode.None, null, vote.Ask.Epoch, isGranted), Now)));
    }

    /// <summary>Gets this member elected with the votes of all, and its first record flushed.</summary>
    public void Lead()
    {
        WaitFor<SendVote>();
        AnswerVotes(isGranted: true);
        AnswerVotes(isGranted: true);
        Assert.IsType<Leader>(Member.Role);
        Flush();
    }

    private void CarryOut()
    {
        while (Member.TryTakeEffect(out QuorumEffect? effect))
        {
            Effects.Add(effect);
            switch (effect)
            {
                case AppendLeaderChange change:
                    Log.Append(new Entry(change.Epoch, ++_values));
                    Member.OnAppended(Now);
                    break;
                case AppendVoters append:
                    Log.Append(new Entry(Member.Epoch, ++_values, append.Voters));
                    Member.OnVotersAppended(new VotersAt(Log.End.EndOffset - 1, append.Voters), Now);
                    Member.OnAppended(Now);
                    break;
                case TruncateLog truncate:
                    Log.TruncateTo(truncate.To);
                    Member.OnTruncated(Now);
                    break;
            }
        }
    }
}
