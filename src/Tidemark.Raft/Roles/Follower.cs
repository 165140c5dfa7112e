using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Copies the leader's log.</summary>
public sealed class Follower : QuorumRole
{
    private readonly BrokerId _leader;

    internal Follower(LeaderEpoch epoch, BrokerId leader, IReadOnlyList<VoterEndpoint> endpoints, ReplicaKey? votedFor, TimeSpan leaderLostAt)
        : base(epoch)
    {
        _leader = leader;
        VotedFor = votedFor;
        LeaderLostAt = leaderLostAt;
        Fetching = new RequestSlot(new QuorumPeer(leader, endpoints));
        ChangingVoters = new RequestSlot(Fetching.Peer);
    }

    public override BrokerId? LeaderNode => _leader;

    public override IReadOnlyList<VoterEndpoint> LeaderEndpoints => Fetching.Peer.Endpoints;

    public override ReplicaKey? VotedFor { get; }

    /// <summary>When the leader counts as lost, unless it answers a fetch before.</summary>
    public TimeSpan LeaderLostAt { get; internal set; }

    /// <summary>True once a fetch succeeded, until the leader says that it ends or is known to be gone. As long as it is true nobody else gets a pre-vote.</summary>
    public bool HearsLeader { get; internal set; }

    /// <summary>The snapshot that is being copied, and how far; null while records are fetched.</summary>
    internal (LogPosition Id, long Position)? Snapshot { get; set; }

    /// <summary>The driver is changing the log; the next fetch waits for it.</summary>
    internal bool AwaitsLog { get; set; }

    /// <summary>Where the log ended before the driver was asked to append.</summary>
    internal Offset EndBeforeAppend { get; set; }

    /// <summary>What the leader said to be committed in the answer whose records are being appended.</summary>
    internal Offset LeaderHighWatermark { get; set; } = Offset.Unknown;

    /// <summary>Fetch and FetchSnapshot, to the leader.</summary>
    internal RequestSlot Fetching { get; }

    /// <summary>UpdateRaftVoter, AddRaftVoter or RemoveRaftVoter for this node itself.</summary>
    internal RequestSlot ChangingVoters { get; }

    /// <summary>A leader was told in this epoch where this voter listens.</summary>
    internal bool HasToldItsEndpoints { get; set; }

    internal override TimeSpan? Deadline => LeaderLostAt;

    internal override IEnumerable<RequestSlot> Slots => [Fetching, ChangingVoters];

    /// <summary>It was known on some of its listeners first, and now on more of them.</summary>
    internal void LearnEndpoints(IReadOnlyList<VoterEndpoint> endpoints)
    {
        Fetching.Peer = new QuorumPeer(_leader, endpoints);
        ChangingVoters.Peer = Fetching.Peer;
    }

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) => isPreVote && isUpToDate && !HearsLeader;
}
