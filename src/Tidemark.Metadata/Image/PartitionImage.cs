using System.Collections.Immutable;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>The state of one partition as the controller decided it. Node ids stand as plain numbers, in the order of preference.</summary>
public sealed record PartitionImage
{
    /// <summary>No leader.</summary>
    public const int NoLeader = -1;

    /// <summary>In a change record: the leader stays.</summary>
    public const int LeaderUnchanged = -2;

    /// <summary>The leader's log is whole.</summary>
    public const sbyte Recovered = 0;

    /// <summary>The leader was elected uncleanly and has not recovered its log yet.</summary>
    public const sbyte Recovering = 1;

    private static readonly Uuid s_migrating = new(0, 2);

    public required int Id { get; init; }

    public required ImmutableArray<int> Replicas { get; init; }

    /// <summary>The log directory of each replica, in the order of the replicas; zero where none was assigned.</summary>
    public required ImmutableArray<Uuid> Directories { get; init; }

    public required ImmutableArray<int> Isr { get; init; }

    public ImmutableArray<int> RemovingReplicas { get; init; } = [];

    public ImmutableArray<int> AddingReplicas { get; init; } = [];

    /// <summary>Replicas outside the ISR that hold every committed record all the same (KIP-966).</summary>
    public ImmutableArray<int> EligibleLeaderReplicas { get; init; } = [];

    public ImmutableArray<int> LastKnownEligibleLeaderReplicas { get; init; } = [];

    public required int Leader { get; init; }

    public required LeaderEpoch LeaderEpoch { get; init; }

    /// <summary>Rises with every change of the partition.</summary>
    public required int PartitionEpoch { get; init; }

    public sbyte LeaderRecoveryState { get; init; }

    public bool HasLeader => Leader != NoLeader;

    public bool IsReassigning => !RemovingReplicas.IsEmpty || !AddingReplicas.IsEmpty;

    /// <summary>True when the preferred replica, the first one, leads.</summary>
    public bool HasPreferredLeader => Leader == (Replicas.IsEmpty ? NoLeader : Replicas[0]);

    public static PartitionImage Of(PartitionRecord record)
    {
        ImmutableArray<int> replicas = [.. record.Replicas];
        return new PartitionImage
        {
            Id = record.PartitionId,
            Replicas = replicas,
            Directories = DirectoriesOf(record.Directories, replicas.Length),
            Isr = Shared(record.Isr, replicas),
            RemovingReplicas = [.. record.RemovingReplicas],
            AddingReplicas = [.. record.AddingReplicas],
            EligibleLeaderReplicas = record.EligibleLeaderReplicas is { } eligible ? [.. eligible] : [],
            LastKnownEligibleLeaderReplicas = record.LastKnownElr is { } last ? [.. last] : [],
            Leader = record.Leader,
            LeaderEpoch = new LeaderEpoch(record.LeaderEpoch),
            PartitionEpoch = record.PartitionEpoch,
            LeaderRecoveryState = record.LeaderRecoveryState,
        };
    }

    /// <summary>The partition after a change: what the record leaves out stays; the partition epoch rises, the leader epoch with a leader.</summary>
    public PartitionImage Merge(PartitionChangeRecord change)
    {
        ImmutableArray<int> replicas = change.Replicas is { } all ? [.. all] : Replicas;
        bool newLeader = change.Leader != LeaderUnchanged;
        return this with
        {
            Replicas = replicas,
            Directories = change.Directories is { Count: > 0 } directories ? DirectoriesOf(directories, replicas.Length)
                : replicas.Length == Directories.Length ? Directories
                : DirectoriesOf([], replicas.Length),
            Isr = change.Isr is { } isr ? Shared(isr, replicas) : Isr,
            RemovingReplicas = change.RemovingReplicas is { } removing ? [.. removing] : RemovingReplicas,
            AddingReplicas = change.AddingReplicas is { } adding ? [.. adding] : AddingReplicas,
            EligibleLeaderReplicas = change.EligibleLeaderReplicas is { } eligible ? [.. eligible] : EligibleLeaderReplicas,
            LastKnownEligibleLeaderReplicas = change.LastKnownElr is { } last ? [.. last] : LastKnownEligibleLeaderReplicas,
            Leader = newLeader ? change.Leader : Leader,
            LeaderEpoch = newLeader && !Plants.IsOn(Plant.LeaderEpochNotRaised) ? new LeaderEpoch(LeaderEpoch.Value + 1) : LeaderEpoch,
            PartitionEpoch = PartitionEpoch + 1,
            LeaderRecoveryState = change.LeaderRecoveryState < 0 ? LeaderRecoveryState : change.LeaderRecoveryState,
        };
    }

    /// <summary>The record that makes this partition, in the layout of the metadata version.</summary>
    public PartitionRecord ToRecord(Uuid topicId, MetadataVersion version) => new()
    {
        PartitionId = Id,
        TopicId = topicId,
        Replicas = [.. Replicas],
        Isr = [.. Isr],
        RemovingReplicas = [.. RemovingReplicas],
        AddingReplicas = [.. AddingReplicas],
        Leader = Leader,
        LeaderRecoveryState = LeaderRecoveryState,
        LeaderEpoch = LeaderEpoch.Value,
        PartitionEpoch = PartitionEpoch,
        Directories = version.HasDirectories ? [.. Directories] : [],
        EligibleLeaderReplicas = version.HasEligibleLeaderReplicas && !EligibleLeaderReplicas.IsEmpty ? [.. EligibleLeaderReplicas] : null,
        LastKnownElr = version.HasEligibleLeaderReplicas && !LastKnownEligibleLeaderReplicas.IsEmpty ? [.. LastKnownEligibleLeaderReplicas] : null,
    };

    /// <summary>The directory in which a node keeps its replica; zero when it has none or none was assigned.</summary>
    public Uuid DirectoryOf(int node)
    {
        int at = Replicas.IndexOf(node);
        return at < 0 ? Uuid.Zero : Directories[at];
    }

    public bool Equals(PartitionImage? other) =>
        other is not null
        && Id == other.Id
        && Leader == other.Leader
        && LeaderEpoch == other.LeaderEpoch
        && PartitionEpoch == other.PartitionEpoch
        && LeaderRecoveryState == other.LeaderRecoveryState
        && Replicas.AsSpan().SequenceEqual(other.Replicas.AsSpan())
        && Directories.AsSpan().SequenceEqual(other.Directories.AsSpan())
        && Isr.AsSpan().SequenceEqual(other.Isr.AsSpan())
        && RemovingReplicas.AsSpan().SequenceEqual(other.RemovingReplicas.AsSpan())
        && AddingReplicas.AsSpan().SequenceEqual(other.AddingReplicas.AsSpan())
        && EligibleLeaderReplicas.AsSpan().SequenceEqual(other.EligibleLeaderReplicas.AsSpan())
        && LastKnownEligibleLeaderReplicas.AsSpan().SequenceEqual(other.LastKnownEligibleLeaderReplicas.AsSpan());

    public override int GetHashCode() => HashCode.Combine(Id, Leader, LeaderEpoch, PartitionEpoch);

    /// <summary>Most partitions have all their replicas in sync; then one array serves both.</summary>
    private static ImmutableArray<int> Shared(List<int> isr, ImmutableArray<int> replicas) =>
        replicas.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(isr)) ? replicas : [.. isr];

    /// <summary>
    /// Kafka gives partitions that are older than KIP-858 an id of its own, which says no more than that nobody has said yet: a real directory of
    /// that id, which the broker lacks, would be a lost one.
    /// </summary>
    private static ImmutableArray<Uuid> DirectoriesOf(List<Uuid> directories, int replicas)
    {
        if (directories.Count == replicas)
        {
            return [.. directories.Select(directory => directory == s_migrating ? Uuid.Zero : directory)];
        }

        // Records of before KIP-858 name no directories.
        return [.. new Uuid[replicas]];
    }
}
