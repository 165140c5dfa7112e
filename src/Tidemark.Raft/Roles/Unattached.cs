using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Knows an epoch, and no leader that it could follow. It looks for one; a voter stands for election when it finds none in time.</summary>
public sealed class Unattached : QuorumRole
{
    private readonly BrokerId? _leader;

    internal Unattached(LeaderEpoch epoch, BrokerId? leader = null, ReplicaKey? votedFor = null, TimeSpan electionAt = default)
        : base(epoch)
    {
        _leader = leader;
        VotedFor = votedFor;
        ElectionAt = electionAt;
    }

    /// <summary>Not null when the leader's name was heard and not its address.</summary>
    public override BrokerId? LeaderNode => _leader;

    public override ReplicaKey? VotedFor { get; }

    /// <summary>When a voter stands for election.</summary>
    public TimeSpan ElectionAt { get; }

    internal override TimeSpan? Deadline => ElectionAt;

    /// <summary>The search for the leader.</summary>
    internal RequestSlot Search { get; } = new(QuorumPeer.Bootstrap);

    internal override IEnumerable<RequestSlot> Slots => [Search];

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) => GrantsBeforeElection(this, candidate, isUpToDate, isPreVote);

    /// <summary>One vote an epoch, none against a leader that is known, and none for a log that lacks something of ours.</summary>
    internal static bool GrantsBeforeElection(QuorumRole role, ReplicaKey candidate, bool isUpToDate, bool isPreVote)
    {
        if (isPreVote)
        {
            return isUpToDate || Plants.IsOn(Plant.VoteForShorterLog);
        }

        if (role.VotedFor is { } votedFor && !Plants.IsOn(Plant.TwoVotesAnEpoch))
        {
            // A vote for one directory of a node is none for another, nor for one that does not say which it is.
            return votedFor.Node == candidate.Node && (votedFor.Directory.IsZero || votedFor.Directory == candidate.Directory);
        }

        return role.LeaderNode is null && (isUpToDate || Plants.IsOn(Plant.VoteForShorterLog));
    }
}
