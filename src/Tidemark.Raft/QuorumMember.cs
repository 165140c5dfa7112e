using System.Diagnostics.CodeAnalysis;
using Tidemark.Primitives;
using Tidemark.Raft.Roles;

namespace Tidemark.Raft;

/// <summary>
/// A member of the metadata quorum: KRaft (KIP-595, KIP-630, KIP-853, KIP-996, KIP-1166), so that Apache Kafka's nodes may be the other members. It is a
/// pure machine. What peers ask and answer, what became of the log, and the time go in; what has to be done comes out as
/// <see cref="QuorumEffect"/> values, in an order that keeps promises: votes and epochs are durable before anybody hears of them.
/// <para>
/// The driver calls one method at a time, with a monotonic time, and after each call carries out the effects (<see cref="TryTakeEffect"/>) before it
/// sends the answer that the call returned. It calls <see cref="Tick"/> when <see cref="NextDeadline"/> has come.
/// </para>
/// <para>
/// Only what makes a log safe is decided here. Wire formats, cluster ids, addresses, holding fetches, files and records belong to the driver.
/// </para>
/// </summary>
public sealed partial class QuorumMember
{
    private readonly QuorumMemberOptions _options;
    private readonly IQuorumLog _log;
    private readonly VoterHistory _voters;
    private readonly JitterSource _jitter;
    private readonly Queue<QuorumEffect> _effects = new();
    private ElectionState _persisted;
    private (BrokerId? Leader, LeaderEpoch Epoch, bool HasAddress) _announced;
    private Offset _flushed = Offset.Unknown;
    private Offset _flushAskedTo = Offset.Unknown;
    private TimeSpan _now;
    private long _requests;
    private int _electionsLost;
    private bool _isStarted;
    private bool _isShuttingDown;
    private bool _isHalted;

    /// <param name="options">What this node is.</param>
    /// <param name="log">Its metadata log, recovered; nothing of it counts as flushed yet.</param>
    /// <param name="known">What was on the disk.</param>
    /// <param name="voters">The voters that snapshot and log name, or the configuration; oldest first, at least one entry.</param>
    /// <param name="now">Monotonic time.</param>
    public QuorumMember(QuorumMemberOptions options, IQuorumLog log, ElectionState known, IReadOnlyList<VotersAt> voters, TimeSpan now)
    {
        _options = options;
        _log = log;
        _voters = new VoterHistory(voters);
        _jitter = new JitterSource(options.Seed);
        _persisted = known;
        _now = now;
        HighWatermark = log.NewestSnapshot?.EndOffset ?? Offset.Unknown;
        _voters.Commit(HighWatermark);

        // A lost state must not let an epoch come twice: the log knows of those that wrote something.
        Role = log.End.Epoch > known.Epoch
            ? new Unattached(log.End.Epoch)
            : known.Leader == options.Self.Node
                ? new Unattached(known.Epoch, null, options.Self) // It led, so it had voted for itself; it does not lead again without asking.
                : new Unattached(known.Epoch, known.Leader, known.VotedFor);
        _announced = (null, Role.Epoch, false);
    }

    public QuorumRole Role { get; private set; }

    public LeaderEpoch Epoch => Role.Epoch;

    /// <summary>Who leads, as far as it is known.</summary>
    public BrokerId? LeaderNode => Role.LeaderNode;

    public IReadOnlyList<VoterEndpoint> LeaderEndpoints => Role.LeaderEndpoints;

    public bool IsLeader => Role is Leader;

    /// <summary>The voters that hold now: the last in the log, committed or not.</summary>
    public VoterSet Voters => _voters.Last.Voters;

    /// <summary>True while this member votes; otherwise it observes.</summary>
    public bool IsVoter => _options.CanBecomeVoter && Voters.Contains(_options.Self);

    /// <summary>Everything below is committed, as far as this member knows; unknown (-1) when it knows of nothing. It never goes back.</summary>
    public Offset HighWatermark { get; private set; }

    /// <summary>After <see cref="Shutdown"/>: nobody has to be told anything more.</summary>
    public bool IsShutDown => _isShuttingDown && (Role is not Resigned resigned || resigned.Farewells.All(each => each.IsDone));

    private BrokerId Self => _options.Self.Node;

    private QuorumTimeouts Timeouts => _options.Timeouts;

    /// <summary>
    /// True for a voter, and for a member whose removal is not known to be committed: it may be the only one that has that change, and nobody with a
    /// shorter log can be elected. It stands without counting its own vote, and resigns when its removal is committed.
    /// </summary>
    private bool MayStand => _options.CanBecomeVoter && _voters.MayCount(_options.Self);

    private bool IsLoneVoter => Voters.Count == 1 && IsVoter;

    /// <summary>The next thing that has to be done, in order. False when there is none.</summary>
    public bool TryTakeEffect([NotNullWhen(true)] out QuorumEffect? effect) => _effects.TryDequeue(out effect);

    /// <summary>
    /// Begins to take part. A quorum of one elects itself. A voter of a larger one looks for a leader and soon asks for pre-votes, which disturb nobody.
    /// </summary>
    public void Start(TimeSpan now)
    {
        Invariant.Require(!_isStarted);
        Advance(now);
        _isStarted = true;
        TimeSpan electionAt = now + SoonJitter();
        if (Role.LeaderNode is { } leader && EndpointsOf(leader, []) is { Count: > 0 } endpoints)
        {
            Enter(new Follower(Epoch, leader, endpoints, Role.VotedFor, MayStand ? electionAt + Timeouts.Election : now + Timeouts.Fetch));
        }
        else
        {
            if (_persisted.Leader == Self && _persisted.Epoch == Epoch)
            {
                TellOfFormerLife();
            }

            Enter(new Unattached(Epoch, Role.LeaderNode, Role.VotedFor, electionAt));
        }

        Drive();
    }

    /// <summary>
    /// It led this epoch before it stopped. Whoever still follows it would refuse pre-votes until the fetch timeout; told so, it stands, or lets others stand.
    /// Each is told once and nobody's answer is waited for: who does not hear it waits as before.
    /// </summary>
    private void TellOfFormerLife()
    {
        foreach (Voter voter in Voters.Voters.Where(each => each.Key.Node != Self))
        {
            Emit(new SendEndEpoch(new RequestId(++_requests), new QuorumPeer(voter.Key.Node, voter.Endpoints), new EndEpochAsk(Self, Epoch, [], _options.Endpoints)));
        }
    }

    /// <summary>Time has passed.</summary>
    public void Tick(TimeSpan now)
    {
        Advance(now);
        Drive();
    }

    /// <summary>
    /// A leader gives up, for example because the controller on top of it failed: it tells the voters, and takes part in later elections. No effect on
    /// other members.
    /// </summary>
    public void Resign(TimeSpan now)
    {
        Advance(now);
        if (Role is Leader leader)
        {
            BecomeResigned(leader);
        }

        Drive();
    }

    /// <summary>
    /// The node stops. A leader resigns and tells the voters, the likeliest successor first, so that none of them has to wait for a timeout; see
    /// <see cref="IsShutDown"/>. From here on the member stands for no election and asks for nothing; it still answers.
    /// </summary>
    public void Shutdown(TimeSpan now)
    {
        Advance(now);
        _isShuttingDown = true;
        if (Role is Leader leader)
        {
            BecomeResigned(leader);
        }

        Drive();
    }

    /// <summary>
    /// A peer's process is gone, as its closed connections and its refusing listener prove. A follower of it does not wait for the fetch timeout: it asks
    /// for pre-votes after a few milliseconds, which differ between members.
    /// </summary>
    public void OnNodeGone(BrokerId node, TimeSpan now)
    {
        Advance(now);
        if (Role is Follower follower && follower.LeaderNode == node)
        {
            LeaderIsGoing(follower, SoonJitter());
        }
        else if (Role is Candidate candidate)
        {
            // Two that stand at once over a leader that is gone must not both wait for its vote.
            candidate.Tally.Gone(node);
        }

        Drive();
    }

    /// <summary>
    /// Up to where a node has said, with a fetch from this leader, that it knows the log to be committed (KIP-1166). The largest offset for one whose
    /// fetches cannot say so, unknown for one that has not fetched, and where this member does not lead.
    /// </summary>
    public Offset CommittedKnownTo(BrokerId node) => Role is Leader leader ? leader.CommittedKnownTo(node) : Offset.Unknown;

    /// <summary>What DescribeQuorum tells; null when this member does not lead.</summary>
    public QuorumDescription? Describe(TimeSpan now)
    {
        Advance(now);
        if (Role is not Leader leader)
        {
            return null;
        }

        leader.ForgetObserversUnheardSince(_now - s_observerSession);
        var self = new ReplicaDescription(Voters.Find(Self) is { } own && IsVoter ? own.Key : _options.Self, _log.End.EndOffset, _now, _now);
        List<ReplicaDescription> voters = [.. leader.OtherVoters.Select(each => each.Description)];
        List<ReplicaDescription> observers = [.. leader.Observers.Select(each => each.Description)];
        (IsVoter ? voters : observers).Add(self);
        return new QuorumDescription(
            Self,
            Epoch,
            leader.HighWatermark,
            Voters,
            [.. voters.OrderBy(each => each.Key.Node)],
            [.. observers.OrderBy(each => each.Key.Node).ThenBy(each => each.Key.Directory)]);
    }

    private void Advance(TimeSpan now) => _now = now > _now ? now : _now;

    private void Emit(QuorumEffect effect) => _effects.Enqueue(effect);

    private RequestId Send(RequestSlot slot, Func<RequestId, SendToPeer> request)
    {
        var id = new RequestId(++_requests);
        slot.Sent(id, _now + Timeouts.Request);
        Emit(request(id));
        return id;
    }

    /// <summary>Short enough that nobody waits, long enough that two members seldom begin an election at once.</summary>
    private TimeSpan SoonJitter() => _jitter.UpTo(Timeouts.Election / 10);

    private TimeSpan ElectionJitter() => Timeouts.Election + _jitter.UpTo(Timeouts.Election);

    private IReadOnlyList<VoterEndpoint> EndpointsOf(BrokerId node, IReadOnlyList<VoterEndpoint> given) =>
        given.Count > 0 ? given : Voters.Find(node)?.Endpoints ?? [];

    /// <summary>True when a request that names its addressee means this member.</summary>
    private bool IsMeant(ReplicaKey? addressee) => addressee is not { } key || _options.Self.Matches(key);
}
