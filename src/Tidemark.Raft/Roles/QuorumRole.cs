using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>
/// What a member of the quorum is at the moment. The legal transitions; every one that raises the epoch, gives a vote or names a leader is on the disk
/// before anything follows from it:
/// <list type="bullet">
/// <item>any role to Unattached or Follower: a later epoch was heard of, without or with its leader.</item>
/// <item>Unattached to Prospective: a voter waited for its election time. To Follower: the epoch's leader was heard of.</item>
/// <item>Prospective to Candidate: a majority would vote for it; the epoch rises. To Follower or Unattached: a majority would not, or the time is over.</item>
/// <item>Candidate to Leader: a majority voted for it. To Unattached: a majority did not, or the time is over. To Follower: the epoch's leader was heard of.</item>
/// <item>Follower to Prospective: a voter heard nothing of its leader for the fetch timeout.</item>
/// <item>Leader to Resigned: the node stops, no majority fetches any more, or the leader was removed from the voters.</item>
/// <item>Resigned to Unattached of the next epoch: nobody took over in time, and the node goes on.</item>
/// </list>
/// A quorum of one voter skips the questions: it goes from Unattached to Leader at once.
/// </summary>
public abstract class QuorumRole(LeaderEpoch epoch)
{
    public LeaderEpoch Epoch { get; } = epoch;

    /// <summary>Who leads the epoch, as far as this member knows. This is what its answers say.</summary>
    public virtual BrokerId? LeaderNode => null;

    /// <summary>Where the leader listens; empty when that is not known.</summary>
    public virtual IReadOnlyList<VoterEndpoint> LeaderEndpoints => [];

    /// <summary>For whom this member voted in the epoch.</summary>
    public virtual ReplicaKey? VotedFor => null;

    /// <summary>When the role ends by itself; null when it does not.</summary>
    internal virtual TimeSpan? Deadline => null;

    /// <summary>Requests that the role has under way or will send.</summary>
    internal virtual IEnumerable<RequestSlot> Slots => [];

    /// <summary>Whether a vote is given to a candidate of this very epoch.</summary>
    /// <param name="isUpToDate">The candidate's log is at least as complete as this member's.</param>
    internal abstract bool Grants(ReplicaKey candidate, bool isUpToDate, bool isPreVote);

    internal RequestSlot? SlotOf(RequestId request)
    {
        foreach (RequestSlot slot in Slots)
        {
            if (slot.UnderWay == request)
            {
                return slot;
            }
        }

        return null;
    }
}
