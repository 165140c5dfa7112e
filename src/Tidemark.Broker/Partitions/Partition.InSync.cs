using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Partitions;

/// <summary>Where a leader's proposals to change the in-sync replicas go: to the controller, which alone decides.</summary>
public interface IIsrChanges
{
    /// <summary>Asks the controller; its answer comes back to <see cref="Partition.TakeDecision"/>. Called without any lock.</summary>
    void Propose(Partition partition, IsrProposal proposal);
}

public sealed partial class Partition
{
    /// <summary>The assignment as the leader knows it; empty while it does not lead.</summary>
    public IReadOnlyList<BrokerId> Replicas => _leader?.Replicas ?? [];

    /// <summary>The newest change of the partition's metadata that the leader knows of, from an answer or as published; -1 while it does not lead.</summary>
    public int PartitionEpoch => _leader?.PartitionEpoch ?? -1;

    /// <summary>Every replica that may count as in sync at the controller, as far as the leader knows; empty while it does not lead.</summary>
    public IReadOnlyList<BrokerId> MaximalIsr => _leader?.Isr.Maximal ?? [];

    /// <summary>How far the followers are; empty while this replica does not lead.</summary>
    public IReadOnlyList<FollowerStanding> Followers
    {
        get
        {
            lock (_lock)
            {
                return _leader?.Followers ?? [];
            }
        }
    }

    /// <summary>Looks for in-sync replicas that fell behind, and for those outside that need not be waited for any more; to be called every half <c>replica.lag.time.max.ms</c>.</summary>
    public void CheckInSync()
    {
        IsrProposal? proposal = null;
        Wakeups wake = default;
        lock (_lock)
        {
            if (_leader is { } leader && _log is not null)
            {
                proposal = leader.ProposeShrink(_services.Now);
                wake = leader.StopAwaiting(_services.Now) ? PublishHighWatermark(long.MaxValue / 2) : default;
            }
        }

        wake.Run();
        Propose(proposal);
    }

    /// <summary>The controller answered a proposal. What is in force, and whether to ask the same again, is for the core to say.</summary>
    public ProposalFate TakeDecision(IsrProposal proposal, in AlterPartitionAnswer answer)
    {
        Wakeups wake = default;
        ProposalFate fate;
        lock (_lock)
        {
            if (_leader is not { } leader || _log is null)
            {
                return ProposalFate.Ignored;
            }

            fate = leader.OnAlterPartition(proposal, answer, _services.Now, out bool advanced);
            if (advanced)
            {
                wake = PublishHighWatermark(long.MaxValue / 2);
            }
            else if (fate == ProposalFate.Applied && _waiters.HasWriters)
            {
                // Fewer members may be too few for what already waits.
                wake = new Wakeups(default, _waiters.TakeDecided(leader.Acknowledge));
            }
        }

        wake.Run();
        return fate;
    }

    private void Propose(IsrProposal? proposal)
    {
        if (proposal is not null)
        {
            _services.IsrChanges.Propose(this, proposal);
        }
    }
}
