using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>
/// Asks whether it would be elected, without disturbing anybody (KIP-996): a member that was cut off and comes back does not depose a leader that the
/// others hear.
/// </summary>
public sealed class Prospective : QuorumRole
{
    internal Prospective(QuorumRole before, VoteTally tally, TimeSpan endsAt)
        : base(before.Epoch)
    {
        LeaderNode = before.LeaderNode;
        LeaderEndpoints = before.LeaderEndpoints;
        VotedFor = before.VotedFor;
        Tally = tally;
        Deadline = endsAt;
    }

    /// <summary>The leader that it lost. It is still the epoch's leader if it turns up again.</summary>
    public override BrokerId? LeaderNode { get; }

    public override IReadOnlyList<VoterEndpoint> LeaderEndpoints { get; }

    public override ReplicaKey? VotedFor { get; }

    internal VoteTally Tally { get; }

    internal override TimeSpan? Deadline { get; }

    internal override IEnumerable<RequestSlot> Slots => Tally.Slots.Select(each => each.Slot);

    internal override bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote) =>
        Unattached.GrantsBeforeElection(this, candidate, isUpToDate, isPreVote);
}
