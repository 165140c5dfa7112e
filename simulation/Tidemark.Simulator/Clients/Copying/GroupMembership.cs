using Tidemark.Primitives;
using Tidemark.Simulator.Checking;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>How a copier is a member of its group: it joins, keeps itself alive, and knows what it owns.</summary>
/// <param name="client">Through whom it asks.</param>
/// <param name="group">The name of the group.</param>
internal abstract class GroupMembership(CopierClient client, string group)
{
    protected CopierClient Client => client;

    protected string Group => group;

    protected GroupHistory Groups => client.Groups;

    public string MemberId { get; protected set; } = "";

    /// <summary>The generation, or the member's epoch.</summary>
    public int Generation { get; protected set; } = -1;

    /// <summary>The partitions of the source that this member owns, by their numbers.</summary>
    public SortedSet<int> Owned { get; } = [];

    /// <summary>Brings the membership up to date. False while the member owns nothing that it may rely on.</summary>
    public abstract Task<bool> KeepUp();

    /// <summary>The coordinator does not know the member, or not in this generation.</summary>
    public abstract void Lost();

    public abstract Task Leave();

    /// <summary>Whether it pays to ask again, maybe somebody else.</summary>
    protected bool IsPassing(ErrorCode? error)
    {
        if (error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or null)
        {
            client.ForgetCoordinator(group);
        }

        return error is null or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress;
    }
}
