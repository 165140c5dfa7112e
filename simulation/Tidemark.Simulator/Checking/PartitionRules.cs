using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Elections;
using Tidemark.Metadata.Image;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// What the controller may decide of a partition: every committed change of every partition is looked at, from one batch of the metadata log
/// to the next. Elections, epochs, the in-sync and the eligible replicas (KIP-966), and the end of reassignments.
/// </summary>
/// <param name="mayElectUncleanly">The scenario permits elections of replicas that lack something.</param>
internal sealed class PartitionRules(BrokerConfig config, bool mayElectUncleanly)
{
    /// <summary>How often a partition changed.</summary>
    public int Changes { get; private set; }

    public void Look(MetadataImage before, MetadataImage after)
    {
        foreach ((int id, BrokerImage broker) in after.Brokers)
        {
            if (before.Brokers.TryGetValue(id, out BrokerImage? old) && (old.Epoch > broker.Epoch || (old.Epoch == broker.Epoch && old.IncarnationId != broker.IncarnationId)))
            {
                throw new BrokenRuleException("7 epochs never go back", $"broker {id} had epoch {old.Epoch} and has {broker.Epoch}");
            }
        }

        var view = new ClusterView(after, config);
        foreach (TopicImage topic in after.Topics.InOrder())
        {
            TopicImage? old = before.Topics.Find(topic.Id);
            foreach (PartitionImage partition in topic.Partitions)
            {
                var change = new Change(new PartitionId(topic.Name, topic.Id, partition.Id), old?.Partition(partition.Id), partition, before, after);
                if (!partition.Equals(change.Old))
                {
                    Changes++;
                    LookAtMembers(change, view);
                    LookAtLeader(change);
                    LookAtReassignment(change);
                }

                if (after.KeepsEligibleLeaderReplicas && partition.Replicas.Length > 1 && partition.Isr.FirstOrDefault(id => !after.Brokers.TryGetValue(id, out BrokerImage? broker) || broker.IsFenced, -1) is >= 0 and var fenced)
                {
                    throw change.Broken("6 no fenced broker is in sync", $"{fenced} is fenced");
                }
            }
        }
    }

    private static void LookAtMembers(Change at, ClusterView view)
    {
        (PartitionImage? old, PartitionImage now) = (at.Old, at.Now);
        if (!now.Isr.Concat(now.EligibleLeaderReplicas).All(now.Replicas.Contains) || now.Isr.Any(now.EligibleLeaderReplicas.Contains))
        {
            throw at.Broken("6 in sync and eligible lie apart within the replicas", "they do not");
        }

        if (!at.After.KeepsEligibleLeaderReplicas)
        {
            return;
        }

        int needed = Math.Min(view.MinInSync(at.Id.Topic), now.Replicas.Length);
        if (now.Isr.Length >= needed && !now.EligibleLeaderReplicas.IsEmpty)
        {
            throw at.Broken("6 with enough in sync nobody else is eligible", $"{needed} are enough");
        }

        foreach (int id in old is null ? [] : now.Isr.Except(old.Isr))
        {
            if (now.Replicas.Length > 1 && !at.After.IsActive(id))
            {
                throw at.Broken("6 who is fenced or stops does not join", $"{id} joined");
            }
        }

        if (old is not null && now.Isr.Length < needed)
        {
            // All that could have what is committed, but for those that came back without proof of a clean end or begin anew in another directory.
            List<int> expected = [.. old.EligibleLeaderReplicas.Union(old.Isr).Where(id => !now.Isr.Contains(id) && now.Replicas.Contains(id))];
            if (now.EligibleLeaderReplicas.Except(expected).Any()
                || expected.Except(now.EligibleLeaderReplicas).Any(id => at.After.Brokers.ContainsKey(id) && !IsCountedOut(at, id)))
            {
                throw at.Broken("ELR: whoever left with all that is committed stays eligible, and nobody else", $"expected were [{string.Join(' ', expected)}]");
            }
        }
    }

    /// <summary>With this change it is known that the replica may lack something: another life of its broker, or another directory.</summary>
    private static bool IsCountedOut(Change at, int id) =>
        at.After.Brokers.TryGetValue(id, out BrokerImage? broker) && (broker.Epoch != at.Before.Brokers.GetValueOrDefault(id)?.Epoch || HasLostDirectory(at, id, broker));

    /// <summary>The directory in which the replica was is not there any more, and it is given another: it holds nothing.</summary>
    private static bool HasLostDirectory(Change at, int id, BrokerImage broker) =>
        at.Old!.DirectoryOf(id) is var lost && at.Now.DirectoryOf(id) != lost && !broker.Directories.Contains(lost);

    private void LookAtLeader(Change at)
    {
        (PartitionImage? old, PartitionImage now) = (at.Old, at.Now);
        if (now.HasLeader && !now.Isr.Contains(now.Leader))
        {
            throw at.Broken("6 the leader is in sync", "it is not");
        }

        if (old is null)
        {
            return;
        }

        if (now.PartitionEpoch <= old.PartitionEpoch || now.LeaderEpoch < old.LeaderEpoch)
        {
            throw at.Broken("7 epochs never go back", "they do, or do not rise");
        }

        bool drops = now.HasLeader && old.Replicas.Except(now.Replicas).Any();
        bool isNew = now.Leader != old.Leader;
        bool returned = now.HasLeader && at.After.Brokers.GetValueOrDefault(now.Leader)?.Epoch != at.Before.Brokers.GetValueOrDefault(now.Leader)?.Epoch;
        if ((isNew || drops) != now.LeaderEpoch > old.LeaderEpoch && !returned)
        {
            throw at.Broken("1 every leader has an epoch of its own", "the leader epoch rises with a new leader and when a replica is dropped, and only then");
        }

        // Who is added and is in sync has all that is committed; the step that takes it in may also give it what a leader that goes had.
        // So has whom the old leader, on its way out, had asked to take in.
        bool isClean = !isNew || !now.HasLeader || old.Isr.Contains(now.Leader) || old.EligibleLeaderReplicas.Contains(now.Leader)
            || (old.AddingReplicas.Contains(now.Leader) && now.Isr.Length > 1)
            || (old.HasLeader && old.Isr.All(now.Isr.Contains) && now.Isr.Contains(now.Leader))
            || (old.LastKnownEligibleLeaderReplicas.Contains(now.Leader) && old.Isr.Concat(old.EligibleLeaderReplicas).All(id => IsCountedOut(at, id)));
        if (!isClean && !mayElectUncleanly)
        {
            throw at.Broken("4 only who holds all that is committed is elected", "the leader was neither in sync nor eligible");
        }
    }

    private static void LookAtReassignment(Change at)
    {
        if (at.Old is { IsReassigning: true } old && !at.Now.IsReassigning)
        {
            // Another reassignment may take this one's place and be at its end at once.
            int[] target = [.. at.Now.Replicas];
            bool isCancelled = at.Now.Replicas.Length == old.Replicas.Count(id => !old.AddingReplicas.Contains(id)) && !at.Now.Replicas.Any(old.AddingReplicas.Contains);
            if (!isCancelled && !target.All(at.Now.Isr.Contains))
            {
                throw at.Broken("a reassignment ends when all its targets are in sync", $"the targets are [{string.Join(' ', target)}]");
            }
        }
    }

    private sealed record Change(PartitionId Id, PartitionImage? Old, PartitionImage Now, MetadataImage Before, MetadataImage After)
    {
        public BrokenRuleException Broken(string rule, string what) => new(rule, $"{Id} at offset {After.LastOffset}: {what}; before {Words(Old)}, now {Words(Now)}");

        private static string Words(PartitionImage? at) => at is null
            ? "nothing"
            : $"leader {at.Leader}, epochs {at.LeaderEpoch}/{at.PartitionEpoch}, replicas [{string.Join(' ', at.Replicas)}], adding [{string.Join(' ', at.AddingReplicas)}], removing [{string.Join(' ', at.RemovingReplicas)}], in sync [{string.Join(' ', at.Isr)}], eligible [{string.Join(' ', at.EligibleLeaderReplicas)}], last known [{string.Join(' ', at.LastKnownEligibleLeaderReplicas)}]";
    }
}
