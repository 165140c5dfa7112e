using Tidemark.Primitives;

namespace Tidemark.Replication;

/// <summary>
/// The in-sync replicas as the leader sees them. Committed → PendingExpansion or PendingShrink when it asks the controller for a change;
/// back to Committed when the controller accepted, when it refused for good, or when metadata brought a newer state.
/// </summary>
public abstract record IsrState(IReadOnlyList<BrokerId> Committed)
{
    /// <summary>
    /// Every replica that may already count as in sync at the controller. The high watermark waits for all of them, because either
    /// outcome of a pending change must find its members holding all that was acknowledged.
    /// </summary>
    public abstract IReadOnlyList<BrokerId> Maximal { get; }

    public bool IsPending => this is not CommittedIsr;
}

/// <summary>No change is on its way.</summary>
public sealed record CommittedIsr(IReadOnlyList<BrokerId> Committed) : IsrState(Committed)
{
    public override IReadOnlyList<BrokerId> Maximal => Committed;
}

/// <summary>The leader asked for one more member, which from now on holds back the high watermark.</summary>
public sealed record PendingExpansion(IReadOnlyList<BrokerId> Committed, BrokerId Added) : IsrState(Committed)
{
    public override IReadOnlyList<BrokerId> Maximal { get; } = [.. Committed, Added];
}

/// <summary>The leader asked to drop members, which hold back the high watermark until the controller agreed.</summary>
public sealed record PendingShrink(IReadOnlyList<BrokerId> Committed, IReadOnlyList<BrokerId> Remaining) : IsrState(Committed)
{
    public override IReadOnlyList<BrokerId> Maximal => Plants.IsOn(Plant.ShrinkBeforeAnswer) ? Remaining : Committed;
}

/// <summary>A change that the leader asks the controller for (AlterPartition), with the epochs it was thought up in.</summary>
/// <param name="BrokerEpochs">For each member of <paramref name="Isr"/> the broker epoch that the leader knows.</param>
public sealed record IsrProposal(
    LeaderEpoch LeaderEpoch,
    int PartitionEpoch,
    IReadOnlyList<BrokerId> Isr,
    IReadOnlyList<long> BrokerEpochs,
    LeaderRecovery Recovery);
