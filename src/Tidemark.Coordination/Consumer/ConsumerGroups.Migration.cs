using Tidemark.Coordination.Classic;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// A live group goes from one protocol to the other: up when the first member of the consumer protocol joins a classic group, down when the last one
/// of them goes. Members keep what they have.
/// </summary>
public sealed partial class ConsumerGroups
{
    /// <summary>Null when the group may become a consumer group.</summary>
    private string? WhyNotUpgraded(ClassicGroup classic)
    {
        if (!Shard.View.Groups.MayUpgrade)
        {
            return "group.consumer.migration.policy does not allow it to become a consumer group";
        }

        if (classic.ProtocolType != ProtocolType)
        {
            return $"its members speak `{classic.ProtocolType}` among each other, and are no consumers";
        }

        if (classic.Members.Count > Shard.View.Groups.ConsumerMembersMax)
        {
            return $"it has {classic.Members.Count} members, more than a consumer group may have";
        }

        foreach (ClassicMember member in classic.Members)
        {
            if (SubscriptionOf(classic, member) is null || EmbeddedProtocol.ReadAssignment(member.Assignment) is not { } assignment)
            {
                return "what its members say to each other cannot be read";
            }

            if (assignment.UserData is { IsEmpty: false })
            {
                return "its assignment carries data of an assignor that the coordinator does not know";
            }
        }

        return null;
    }

    /// <summary>Between rebalances a member speaks the group's protocol; during one, whatever it offers first.</summary>
    private static ConsumerProtocolSubscription? SubscriptionOf(ClassicGroup classic, ClassicMember member)
    {
        ReadOnlyMemory<byte> metadata = member.MetadataOf(classic.Protocol);
        metadata = metadata.IsEmpty && member.Protocols.Count > 0 ? member.Protocols[0].Metadata : metadata;
        return EmbeddedProtocol.ReadSubscription(metadata)?.Subscription;
    }

    private ConsumerGroup Upgrade(ClassicGroup classic, ShardTime now)
    {
        var members = new List<(ConsumerMember Member, Assignment Target)>();
        foreach (ClassicMember old in classic.Members)
        {
            ConsumerProtocolSubscription subscription = SubscriptionOf(classic, old) ?? new ConsumerProtocolSubscription();
            var owned = new OwnedPartitions.Builder();
            foreach (ConsumerProtocolAssignment.TopicPartition topic in EmbeddedProtocol.ReadAssignment(old.Assignment)?.AssignedPartitions ?? [])
            {
                if (Shard.View.Topics.Find(topic.Topic) is { } known)
                {
                    foreach (int partition in topic.Partitions)
                    {
                        owned.Add(known.Id, partition, classic.Generation);
                    }
                }
            }

            OwnedPartitions assigned = owned.Build();
            var target = Assignment.Of(assigned.All.GroupBy(p => p.Topic).Select(t => (t.Key, t.Select(p => p.Partition))));
            members.Add((new ConsumerMember(old.Id)
            {
                Epoch = classic.Generation,
                PreviousEpoch = classic.Generation,
                InstanceId = old.InstanceId,
                RackId = subscription.RackId,
                RebalanceTimeoutMs = old.Timeouts.RebalanceMs,
                ClientId = old.Client.Id,
                ClientHost = old.Client.Host,
                TopicNames = ConsumerReplay.Sorted(subscription.Topics),
                Classic = new ClassicProtocols(old.Timeouts.SessionMs, [.. old.Protocols.Select(p => (p.Name, p.Metadata))]),
                Assigned = assigned,
            }, target));
        }

        string id = classic.Id;
        int generation = classic.Generation;
        Shard.Emit(new Note($"group {id} becomes a consumer group in epoch {generation}: a member of the consumer protocol joins its {members.Count} classic members"));
        Shard.Classic.HandOver(classic);
        foreach ((ConsumerMember member, _) in members)
        {
            Shard.Write(ConsumerRecords.Member(id, member));
        }

        Shard.Write(ConsumerRecords.Group(id, generation, MetadataHash.Of(_groups.Find(id)!, Shard.View.Topics)));
        foreach ((ConsumerMember member, Assignment target) in members)
        {
            Shard.Write(ConsumerRecords.Target(id, member.Id, target));
        }

        Shard.Write(ConsumerRecords.TargetEpoch(id, generation, 0));
        foreach ((ConsumerMember member, _) in members)
        {
            Shard.Write(ConsumerRecords.Current(id, member));
            ExtendSession(id, member, now);
        }

        return _groups.Find(id)!;
    }

    /// <summary>Whether the group is a classic one when these members are gone.</summary>
    private bool CanDowngradeWithout(ConsumerGroup group, IReadOnlyList<ConsumerMember> leaving)
    {
        int left = group.Members.Count - leaving.Count;
        int leavingClassic = leaving.Count(m => m.Classic is not null);
        return left > 0
            && leavingClassic < leaving.Count
            && group.ClassicMembers - leavingClassic == left
            && MayBeClassic(group, left);
    }

    /// <summary>Whether the group is a classic one when this static member comes back with the classic protocol.</summary>
    private bool CanDowngradeBy(ConsumerGroup group, ConsumerMember replaced) =>
        group.ClassicMembers == group.Members.Count - 1 && replaced.Classic is null && MayBeClassic(group, group.Members.Count);

    private bool MayBeClassic(ConsumerGroup group, int members)
    {
        string? why = !Shard.View.Groups.MayDowngrade ? "group.consumer.migration.policy does not allow it"
            : members > Shard.View.Groups.MembersMax ? $"{members} members are more than a classic group may have"
            : null;
        if (why is not null)
        {
            Shard.Emit(new Note($"group {group.Id} stays a consumer group although all its members speak the classic protocol: {why}"));
        }

        return why is null;
    }

    /// <param name="joined">The member whose coming makes it one; null when others went.</param>
    /// <param name="rebalance">Why the members have to meet at once; null when they may go on as they are.</param>
    private void Downgrade(ConsumerGroup group, IReadOnlyList<ConsumerMember> leaving, ConsumerMember? joined, string? rebalance, ShardTime now)
    {
        var members = new List<ClassicMember>();
        foreach (ConsumerMember member in group.Members.Values)
        {
            if (member.Classic is not { } classic || leaving.Any(l => l.Id == member.Id))
            {
                continue;
            }

            members.Add(new ClassicMember(
                member.Id,
                member.InstanceId,
                new GroupClient(member.ClientId, member.ClientHost),
                [.. classic.Protocols.Select(p => new ClassicProtocol(p.Name, p.Metadata))],
                new MemberTimeouts(classic.SessionTimeoutMs, member.RebalanceTimeoutMs),
                ClassicAssignment(classic, group.TargetOf(member.Id, member.InstanceId).All)));
        }

        Shard.Emit(new Note($"group {group.Id} becomes a classic group in generation {group.Epoch}: {(joined is null ? "its last member of the consumer protocol is gone" : $"{joined.Id} comes back with the classic protocol")}"));
        Forget(group);
        WriteAll(ConsumerRecords.Removal(group));
        Shard.Classic.TakeOver(group.Id, group.Epoch, members, rebalance, now);
    }
}
