using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Led this epoch and does no more. It tells the voters so, the likeliest successor first, and names no leader.</summary>
public sealed class Resigned : QuorumRole
{
    private readonly ReplicaKey _self;

    internal Resigned(LeaderEpoch epoch, ReplicaKey self, IReadOnlyList<ReplicaKey> successors, IEnumerable<RequestSlot> farewells, TimeSpan endsAt)
        : base(epoch)
    {
        _self = self;
        Successors = successors;
        Farewells = [.. farewells];
        Deadline = endsAt;
    }

    public override ReplicaKey? VotedFor => _self;

    /// <summary>The other voters, those with the most complete logs first.</summary>
    public IReadOnlyList<ReplicaKey> Successors { get; }

    /// <summary>EndQuorumEpoch, to each voter until it answers.</summary>
    internal IReadOnlyList<RequestSlot> Farewells { get; }

    internal override TimeSpan? Deadline { get; }

    internal override IEnumerable<RequestSlot> Slots => Farewells;

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) => isPreVote && isUpToDate;
}
