using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// Moves one member one step towards its target (KIP-848). It is first told to give up what it should no longer have, and stays in its epoch until it
/// says that it did; then it moves to the target's epoch and gets what is free; what others still have it gets when they have given it up.
/// </summary>
/// <remarks>
/// STABLE → UNREVOKED_PARTITIONS (something has to go) → UNRELEASED_PARTITIONS (others have something of it) → STABLE; each state but the first may be left out.
/// </remarks>
internal readonly struct Reconciliation
{
    /// <summary>The group as it is: it knows who has what.</summary>
    public required ConsumerGroup Group { get; init; }

    public required ICoordinatorTopics Topics { get; init; }

    public required int TargetEpoch { get; init; }

    public required Assignment Target { get; init; }

    /// <summary>What the member says that it has; null when it says nothing.</summary>
    public required IReadOnlyList<ConsumerGroupHeartbeatRequest.TopicPartitionsEntry>? Owned { get; init; }

    /// <summary>Whether the member subscribes to something else than before, so that it must give up the rest without waiting for a new target.</summary>
    public bool HasSubscriptionChanged { get; init; }

    /// <summary>The member's next state, or the same where nothing can move. Null when it has to be fenced.</summary>
    public ConsumerMember? Next(ConsumerMember member)
    {
        switch (member.State)
        {
            case MemberState.Stable:
                return member.Epoch != TargetEpoch ? Towards(member, member.Epoch)
                    : HasSubscriptionChanged ? WithoutUnsubscribed(member)
                    : member;
            case MemberState.UnrevokedPartitions:
                return !StillOwns(member.Revoking) ? Towards(member, member.Epoch)
                    : HasSubscriptionChanged ? WithoutUnsubscribed(member)
                    : member;
            case MemberState.UnreleasedPartitions:
                return Towards(member, member.Epoch);
            default:
                return Owned is { Count: 0 } ? Towards(member, TargetEpoch) : null;
        }
    }

    private ConsumerMember Towards(ConsumerMember member, int epoch)
    {
        var keeps = new OwnedPartitions.Builder();
        var revokes = new OwnedPartitions.Builder();
        foreach (Uuid topic in member.Assigned.Topics)
        {
            ReadOnlySpan<int> target = IsSubscribed(member, topic) ? Target.Of(topic) : [];
            ReadOnlySpan<int> partitions = member.Assigned.Of(topic);
            ReadOnlySpan<int> epochs = member.Assigned.EpochsOf(topic);
            for (int i = 0; i < partitions.Length; i++)
            {
                (target.BinarySearch(partitions[i]) >= 0 ? keeps : revokes).Add(topic, partitions[i], epochs[i]);
            }
        }

        bool waits = false;
        List<(Uuid Topic, int Partition)> gains = [];
        foreach (Uuid topic in Target.Topics)
        {
            if (!IsSubscribed(member, topic))
            {
                continue;
            }

            ReadOnlySpan<int> has = member.Assigned.Of(topic);
            foreach (int partition in Target.Of(topic))
            {
                if (has.BinarySearch(partition) >= 0)
                {
                    continue;
                }

                // What the member itself is about to give up is nobody else's.
                if (Group.IsOwned(topic, partition) && !member.Revoking.Contains(topic, partition) && !Plants.IsOn(Plant.AssignedBeforeReleased))
                {
                    waits = true;
                }
                else
                {
                    gains.Add((topic, partition));
                }
            }
        }

        if (!revokes.IsEmpty)
        {
            OwnedPartitions revoking = revokes.Build();
            if (StillOwns(revoking))
            {
                return member.MovedTo(epoch, MemberState.UnrevokedPartitions, keeps.Build(), revoking);
            }
        }

        foreach ((Uuid topic, int partition) in gains)
        {
            keeps.Add(topic, partition, TargetEpoch);
        }

        return member.MovedTo(TargetEpoch, waits ? MemberState.UnreleasedPartitions : MemberState.Stable, keeps.Build(), OwnedPartitions.Empty);
    }

    private ConsumerMember WithoutUnsubscribed(ConsumerMember member)
    {
        var keeps = new OwnedPartitions.Builder();
        var revokes = new OwnedPartitions.Builder();
        foreach (Uuid topic in member.Assigned.Topics)
        {
            OwnedPartitions.Builder to = IsSubscribed(member, topic) ? keeps : revokes;
            ReadOnlySpan<int> partitions = member.Assigned.Of(topic);
            ReadOnlySpan<int> epochs = member.Assigned.EpochsOf(topic);
            for (int i = 0; i < partitions.Length; i++)
            {
                to.Add(topic, partitions[i], epochs[i]);
            }
        }

        if (revokes.IsEmpty)
        {
            return member;
        }

        foreach ((Uuid topic, int partition, int since) in member.Revoking.All)
        {
            revokes.Add(topic, partition, since);
        }

        OwnedPartitions revoking = revokes.Build();
        return StillOwns(revoking)
            ? member.MovedTo(member.Epoch, MemberState.UnrevokedPartitions, keeps.Build(), revoking)
            : member.MovedTo(member.Epoch, member.State, keeps.Build(), member.Revoking);
    }

    private bool IsSubscribed(ConsumerMember member, Uuid topic) =>
        Topics.Find(topic) is { } known
        && (SortedNames.Have(member.TopicNames, known.Name)
            || (member.TopicRegex.Length > 0 && Group.Regexes.TryGetValue(member.TopicRegex, out ResolvedRegex? found) && found.Contains(known.Name)));

    private bool StillOwns(OwnedPartitions revoking)
    {
        if (Owned is null)
        {
            return true;
        }

        foreach (ConsumerGroupHeartbeatRequest.TopicPartitionsEntry topic in Owned)
        {
            foreach (int partition in topic.Partitions)
            {
                if (revoking.Contains(topic.TopicId, partition))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
