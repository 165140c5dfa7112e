using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Stands for election in an epoch that it began itself, with its own vote on the disk.</summary>
public sealed class Candidate : QuorumRole
{
    private readonly ReplicaKey? _self;

    internal Candidate(LeaderEpoch epoch, ReplicaKey self, VoteTally tally, TimeSpan endsAt)
        : base(epoch)
    {
        _self = self;
        Tally = tally;
        Deadline = endsAt;
    }

    public override ReplicaKey? VotedFor => _self;

    internal VoteTally Tally { get; }

    internal override TimeSpan? Deadline { get; }

    internal override IEnumerable<RequestSlot> Slots => Tally.Slots.Select(each => each.Slot);

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) => isPreVote && isUpToDate;
}
