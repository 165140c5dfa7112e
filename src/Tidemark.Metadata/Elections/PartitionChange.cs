using System.Collections.Immutable;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Elections;

/// <summary>How hard an election tries.</summary>
public enum ElectionKind
{
    /// <summary>Keeps a leader that can lead, otherwise takes the first that can.</summary>
    Any,

    /// <summary>Gives the leadership to the first replica, if it can lead.</summary>
    Preferred,

    /// <summary>Takes any live replica when no other is left, at the price of records that only the others have.</summary>
    Unclean,
}

/// <summary>
/// One change of one partition: the caller sets what it wants, and <see cref="Build"/> draws the consequences. A finished reassignment drops
/// its old replicas; a leader that can no longer lead is replaced; replicas that leave the ISR while too few are left in it stay eligible
/// (KIP-966). The leader epoch rises with a new leader when a replica is removed and when the leader came back without
/// what it may have acknowledged, not with the ISR.
/// </summary>
public sealed class PartitionChange(TopicImage topic, PartitionImage partition, ClusterView cluster)
{
    /// <summary>Not empty when one of these has to take over from a leader that is to go.</summary>
    private ImmutableArray<int> _successors = [];

    public ImmutableArray<int> Isr { get; set; } = partition.Isr;

    public ImmutableArray<int> Replicas { get; set; } = partition.Replicas;

    public ImmutableArray<int> RemovingReplicas { get; set; } = partition.RemovingReplicas;

    public ImmutableArray<int> AddingReplicas { get; set; } = partition.AddingReplicas;

    public sbyte LeaderRecoveryState { get; set; } = partition.LeaderRecoveryState;

    public ElectionKind Election { get; set; } = ElectionKind.Any;

    /// <summary>A replica that came back without its clean-shutdown mark: nothing that it acknowledged may be counted on.</summary>
    public int UncleanReplica { get; set; } = -1;

    /// <summary>
    /// A replica that begins anew in another directory, because the one that it had is not there any more: it holds nothing. Who led last is
    /// elected for want of anybody better, but not with an empty log, to which all others would be cut.
    /// </summary>
    public int EmptyReplica { get; set; } = -1;

    /// <summary>Directories by replica, where they differ from before.</summary>
    public Dictionary<int, Uuid>? Directories { get; set; }

    /// <summary>True when every replica that goes is known to have heard who leads by now (see <see cref="AwaitsFinish"/>).</summary>
    public bool FinishesReassignment { get; set; }

    /// <summary>
    /// True when a reassignment is over but for the replicas that go: all that stay are in sync and one of them leads. Who goes and is alive stays in
    /// sync until it has read that: it may have led, now or before, and not know that it leads no more. Without it nothing is committed, so that it
    /// cannot answer a read with an end that is older than what somebody else was told.
    /// </summary>
    public static bool AwaitsFinish(PartitionImage partition) =>
        partition.IsReassigning
        && partition.Replicas.All(id => partition.RemovingReplicas.Contains(id) || partition.Isr.Contains(id))
        && !partition.RemovingReplicas.Contains(partition.Leader);

    /// <summary>The record of the change; null when nothing changes.</summary>
    public MetadataRecord? Build()
    {
        CompleteReassignment();
        bool isSole = Replicas.Length == 1;
        if (partition.Replicas.Length == 1 && !isSole && cluster.KeepsEligibleLeaderReplicas)
        {
            // What stayed in sync only for want of another replica is now judged like all others.
            Isr = [.. Isr.Where(id => cluster.Broker(id) is { IsFenced: false })];
        }

        if (Isr.IsEmpty && (isSole || !cluster.KeepsEligibleLeaderReplicas))
        {
            // A partition's only replica stays in sync whatever happens to it: its log is all there is.
            Isr = [.. partition.Isr.Where(Replicas.Contains)];
        }

        // Whoever leaves the ISR with this change is eligible as well as those who left before: who led last comes behind them all.
        ImmutableArray<int> eligible = [.. (cluster.KeepsEligibleLeaderReplicas ? partition.EligibleLeaderReplicas.Union(partition.Isr) : partition.EligibleLeaderReplicas)
            .Where(id => id != UncleanReplica && id != EmptyReplica && Replicas.Contains(id))];
        (int leader, bool unclean) = Elect(eligible);
        if (leader != PartitionImage.NoLeader && !Isr.Contains(leader))
        {
            Isr = [leader];
        }

        if (unclean)
        {
            LeaderRecoveryState = PartitionImage.Recovering;
        }

        (ImmutableArray<int> newEligible, ImmutableArray<int> lastKnown) = Eligible(leader);
        bool dropsReplica = partition.Replicas.Any(id => !Replicas.Contains(id));
        var record = new PartitionChangeRecord { PartitionId = partition.Id, TopicId = topic.Id };
        bool changed = false;
        bool cameBack = leader != PartitionImage.NoLeader && leader == UncleanReplica;
        if (leader != partition.Leader || (dropsReplica && leader != PartitionImage.NoLeader) || cameBack)
        {
            record.Leader = leader;
            changed = true;
        }

        record.Isr = Changed(Isr, partition.Isr, ref changed);
        record.Replicas = Changed(Replicas, partition.Replicas, ref changed);
        record.RemovingReplicas = Changed(RemovingReplicas, partition.RemovingReplicas, ref changed);
        record.AddingReplicas = Changed(AddingReplicas, partition.AddingReplicas, ref changed);
        if (cluster.Version.HasEligibleLeaderReplicas)
        {
            record.EligibleLeaderReplicas = Changed(newEligible, partition.EligibleLeaderReplicas, ref changed);
            record.LastKnownElr = Changed(lastKnown, partition.LastKnownEligibleLeaderReplicas, ref changed);
        }

        if (LeaderRecoveryState != partition.LeaderRecoveryState)
        {
            record.LeaderRecoveryState = LeaderRecoveryState;
            changed = true;
        }

        if (cluster.Version.HasDirectories)
        {
            List<Uuid> directories = [.. Replicas.Select(DirectoryOf)];
            if (record.Replicas is not null || !directories.SequenceEqual(partition.Directories))
            {
                record.Directories = directories;
                changed = true;
            }
        }

        return changed ? new MetadataRecord(record, cluster.Version.PartitionChangeRecordVersion) : null;
    }

    private bool IsAlive(int id) => cluster.Broker(id) is { IsFenced: false };

    /// <summary>True when a replica holds every committed record and can lead.</summary>
    private bool IsValid(int id) => Isr.Contains(id) && cluster.CanLead(id, DirectoryOf(id));

    private (int Leader, bool Unclean) Elect(ImmutableArray<int> eligible)
    {
        if (!_successors.IsEmpty)
        {
            return (_successors.First(IsValid), false);
        }

        if (Election == ElectionKind.Preferred && !Replicas.IsEmpty && IsValid(Replicas[0]))
        {
            return (Replicas[0], false);
        }

        if (partition.HasLeader && IsValid(partition.Leader) && partition.Leader != UncleanReplica)
        {
            return (partition.Leader, false);
        }

        foreach (int id in Replicas)
        {
            if (IsValid(id))
            {
                return (id, false);
            }
        }

        if (Isr.IsEmpty)
        {
            foreach (int id in Replicas)
            {
                if (eligible.Contains(id) && cluster.CanLead(id, DirectoryOf(id)))
                {
                    return (id, false);
                }
            }

            if (eligible.IsEmpty && partition.LastKnownEligibleLeaderReplicas is [int last] && last != EmptyReplica && Replicas.Contains(last) && cluster.CanLead(last, DirectoryOf(last)))
            {
                return (last, true);
            }
        }

        bool mayBeUnclean = Election == ElectionKind.Unclean || (Election == ElectionKind.Any && cluster.AllowsUnclean(topic.Name));
        if (mayBeUnclean || Plants.IsOn(Plant.UncleanElectionAlthoughOff))
        {
            foreach (int id in Replicas)
            {
                if (cluster.CanLead(id, DirectoryOf(id)))
                {
                    return (id, true);
                }
            }
        }

        return (PartitionImage.NoLeader, false);
    }

    /// <summary>A reassignment ends only when all replicas that stay are in sync (KAFKA-15665).</summary>
    private void CompleteReassignment()
    {
        if (RemovingReplicas.IsEmpty && AddingReplicas.IsEmpty)
        {
            return;
        }

        ImmutableArray<int> target = [.. Replicas.Where(id => !RemovingReplicas.Contains(id))];
        bool isComplete = Plants.IsOn(Plant.FinishReassignmentEarly) ? target.Any(id => Isr.Contains(id)) : target.All(id => Isr.Contains(id));
        if (target.IsEmpty || !isComplete)
        {
            return;
        }

        if (partition.HasLeader && !target.Contains(partition.Leader) && IsAlive(partition.Leader) && target.Any(IsValid))
        {
            _successors = target;
            return;
        }

        if (!FinishesReassignment && Isr.Any(id => !target.Contains(id) && IsAlive(id)))
        {
            return;
        }

        Isr = [.. Isr.Where(id => target.Contains(id))];
        Replicas = target;
        RemovingReplicas = [];
        AddingReplicas = [];
    }

    private (ImmutableArray<int> Eligible, ImmutableArray<int> LastKnown) Eligible(int leader)
    {
        if (!cluster.KeepsEligibleLeaderReplicas)
        {
            // They were kept once. Nobody looks after them now: beside a leader they lack more with every record, without one they are all that is known.
            return leader != PartitionImage.NoLeader ? ([], [])
                : ([.. partition.EligibleLeaderReplicas.Where(id => !Isr.Contains(id) && id != UncleanReplica && id != EmptyReplica && Replicas.Contains(id))],
                    partition.LastKnownEligibleLeaderReplicas);
        }

        // Who led last is remembered from the moment in which nobody does, also where others are in sync or eligible yet: they may all come back
        // uncleanly.
        ImmutableArray<int> lastKnown = leader != PartitionImage.NoLeader ? []
            : partition.HasLeader ? [partition.Leader]
            : [.. partition.LastKnownEligibleLeaderReplicas.Where(id => id != EmptyReplica)];
        bool areEnough = Isr.Length >= Math.Min(cluster.MinInSync(topic.Name), Replicas.Length);
        if (areEnough && Plants.IsOn(Plant.EligibleReplicasNotCleared))
        {
            return ([.. partition.EligibleLeaderReplicas.Where(id => !Isr.Contains(id) && Replicas.Contains(id))], []);
        }

        if (areEnough || Plants.IsOn(Plant.EligibleReplicasForgotten))
        {
            return ([], lastKnown);
        }

        ImmutableArray<int> eligible = [.. partition.EligibleLeaderReplicas.Union(partition.Isr)
            .Where(id => !Isr.Contains(id) && id != UncleanReplica && id != EmptyReplica && Replicas.Contains(id))];
        bool isNobodyKnown = leader == PartitionImage.NoLeader && lastKnown.IsEmpty && eligible.IsEmpty && Isr.IsEmpty;
        bool wasTrusted = partition.EligibleLeaderReplicas.Contains(UncleanReplica) || partition.Isr.Contains(UncleanReplica);
        if (isNobodyKnown && wasTrusted && Replicas.Contains(UncleanReplica))
        {
            // Who led last lost its disk, and the last that was eligible came back uncleanly: it lacks what was not flushed, at most, and nobody has more.
            lastKnown = [UncleanReplica];
        }

        return (eligible, lastKnown);
    }

    private Uuid DirectoryOf(int id) =>
        Directories is not null && Directories.TryGetValue(id, out Uuid directory) ? directory
        : partition.Replicas.Contains(id) ? partition.DirectoryOf(id)
        : cluster.DefaultDirectory(id);

    private static List<int>? Changed(ImmutableArray<int> now, ImmutableArray<int> before, ref bool changed)
    {
        if (now.AsSpan().SequenceEqual(before.AsSpan()))
        {
            return null;
        }

        changed = true;
        return [.. now];
    }
}
