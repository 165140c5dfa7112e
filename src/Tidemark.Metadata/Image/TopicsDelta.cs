using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>Collects changes of topics; a topic's partitions are copied once, however many of them change.</summary>
internal sealed class TopicsDelta(TopicsImage image)
{
    private readonly Dictionary<Uuid, Changed> _changed = [];
    private readonly Dictionary<Uuid, string> _removed = [];

    public void Add(TopicRecord record)
    {
        Invariant.Require(image.Find(record.TopicId) is null || _removed.ContainsKey(record.TopicId));
        _changed[record.TopicId] = new Changed(record.Name, record.TopicId, []);
    }

    public void Put(PartitionRecord record)
    {
        Changed topic = Take(record.TopicId);
        var partition = PartitionImage.Of(record);
        topic.Partitions[partition.Id] = partition;
    }

    public void Change(PartitionChangeRecord record)
    {
        Changed topic = Take(record.TopicId);
        Invariant.Require(topic.Partitions.TryGetValue(record.PartitionId, out PartitionImage? partition));
        topic.Partitions[record.PartitionId] = partition.Merge(record);
    }

    /// <summary>Removes a topic and answers its name.</summary>
    public string Remove(Uuid id)
    {
        string name = Take(id).Name;
        _changed.Remove(id);
        _removed[id] = name;
        return name;
    }

    public void ClearEligibleLeaderReplicas(string topicName)
    {
        IEnumerable<Uuid> ids = topicName.Length == 0 ? image.ById.Keys : image.ById.Values.Where(topic => topic.Name == topicName).Select(topic => topic.Id);
        foreach (Uuid id in ids.Union(_changed.Values.Where(topic => topicName.Length == 0 || topic.Name == topicName).Select(topic => topic.Id)).ToList())
        {
            if (_removed.ContainsKey(id))
            {
                continue;
            }

            Changed topic = Take(id);
            foreach (PartitionImage partition in topic.Partitions.Values.ToList())
            {
                if (!partition.EligibleLeaderReplicas.IsEmpty || !partition.LastKnownEligibleLeaderReplicas.IsEmpty)
                {
                    topic.Partitions[partition.Id] = partition with { EligibleLeaderReplicas = [], LastKnownEligibleLeaderReplicas = [] };
                }
            }
        }
    }

    public TopicsImage ToImage()
    {
        if (_changed.Count == 0 && _removed.Count == 0)
        {
            return image;
        }

        var byName = image.ByName.ToBuilder();
        var byId = image.ById.ToBuilder();
        foreach ((Uuid id, string name) in _removed)
        {
            byId.Remove(id);
            if (byName.TryGetValue(name, out TopicImage? named) && named.Id == id)
            {
                byName.Remove(name);
            }
        }

        foreach (Changed topic in _changed.Values)
        {
            var partitions = new PartitionImage[topic.Partitions.Count];
            foreach (PartitionImage partition in topic.Partitions.Values)
            {
                Invariant.Require((uint)partition.Id < (uint)partitions.Length);
                partitions[partition.Id] = partition;
            }

            var made = new TopicImage(topic.Name, topic.Id, ImmutableCollectionsMarshal.AsImmutableArray(partitions));
            byId[topic.Id] = made;
            byName[topic.Name] = made;
        }

        return new TopicsImage(byName.ToImmutable(), byId.ToImmutable());
    }

    private Changed Take(Uuid id)
    {
        if (!_changed.TryGetValue(id, out Changed? topic))
        {
            Invariant.Require(!_removed.ContainsKey(id));
            TopicImage? old = image.Find(id);
            Invariant.Require(old is not null);
            topic = new Changed(old.Name, id, old.Partitions.ToDictionary(partition => partition.Id));
            _changed.Add(id, topic);
        }

        return topic;
    }

    private sealed record Changed(string Name, Uuid Id, Dictionary<int, PartitionImage> Partitions);
}
