using System.Runtime.InteropServices;
using System.Text;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Cursors;
using Tidemark.Records;

namespace Tidemark.Broker.Producing;

/// <summary>
/// A produce request taken apart: its topics and partitions looked up, its batches as views on the frame. Read with the cursor, without
/// the message in between, because this is the path of every record.
/// </summary>
internal struct ProduceParts
{
    /// <summary>Up to here a walk finds what is named twice, beyond it a set does.</summary>
    private const int WalkMax = 32;

    /// <summary>The version from which topics go by id (KIP-516).</summary>
    private const short ById = 13;

    private int _topicCount;
    private Dictionary<(string Name, Uuid Id), int>? _topicPlaces;
    private Dictionary<(int Topic, int Partition), int>? _places;

    public string? TransactionalId { get; private set; }

    public short Acks { get; private set; }

    public int TimeoutMs { get; private set; }

    public ProduceTopic[] Topics { get; private set; }

    public ProducePartition[] Partitions { get; private set; }

    public int Count { get; private set; }

    public bool HasTransactionalBatches { get; private set; }

    public static ProduceParts Read(ReadOnlyMemory<byte> body, short version, PartitionRegistry registry)
    {
        var request = new ProduceRequestCursor(new WireReader(body), version);
        int topics = request.TopicCount;
        var parts = new ProduceParts
        {
            TransactionalId = request.IsTransactional ? Encoding.UTF8.GetString(request.TransactionalId) : null,
            Acks = request.Acks,
            TimeoutMs = request.TimeoutMs,
            Topics = topics == 0 ? [] : new ProduceTopic[topics],
            Partitions = topics == 0 ? [] : new ProducePartition[Math.Min(topics, 16)],
        };
        while (request.NextTopic())
        {
            int topic = parts.PlaceTopic(version >= ById ? Find(request.TopicId, registry) : Find(request.TopicName, registry));
            while (request.NextPartition())
            {
                parts.Add(topic, request.Partition, request.Records);
            }
        }

        return parts;
    }

    private static ProduceTopic Find(Uuid id, PartitionRegistry registry)
    {
        var topic = new ProduceTopic { Id = id, Name = "", IsById = true };
        registry.TryFind(id, out topic.Topic);
        return topic;
    }

    private static ProduceTopic Find(ReadOnlySpan<byte> name, PartitionRegistry registry)
    {
        var topic = default(ProduceTopic);

        // The registry's string serves for the answer; only unknown names are decoded.
        topic.Name = registry.TryFind(name, out topic.Topic) ? topic.Topic.Name : Encoding.UTF8.GetString(name);
        topic.Id = topic.Topic?.Id ?? Uuid.Zero;
        return topic;
    }

    /// <summary>Where the topic stands: at a place of its own, or at that of the same one before it.</summary>
    private int PlaceTopic(in ProduceTopic topic)
    {
        if (_topicPlaces is null && _topicCount <= WalkMax)
        {
            for (int i = 0; i < _topicCount; i++)
            {
                if (Topics[i].Name == topic.Name && Topics[i].Id == topic.Id)
                {
                    return i;
                }
            }
        }
        else
        {
            if (_topicPlaces is null)
            {
                _topicPlaces = [];
                for (int i = 0; i < _topicCount; i++)
                {
                    _topicPlaces.Add((Topics[i].Name, Topics[i].Id), i);
                }
            }

            if (!_topicPlaces.TryAdd((topic.Name, topic.Id), _topicCount))
            {
                return _topicPlaces[(topic.Name, topic.Id)];
            }
        }

        Topics[_topicCount] = topic;
        return _topicCount++;
    }

    private void Add(int topic, int index, ReadOnlyMemory<byte>? records)
    {
        int at = Place(topic, index);
        ref ProducePartition p = ref Partitions[at];
        p = new ProducePartition
        {
            TopicIndex = topic,
            PartitionIndex = index,
            HasRecords = records is not null,
            Records = records is { } bytes ? MemoryMarshal.AsMemory(bytes) : default,
            Partition = Topics[topic].Topic?.Find(index),
        };
        p.EarlyError = p.Partition is not null ? ErrorCode.None
            : Topics[topic] is { Topic: null, IsById: true } ? ErrorCode.UnknownTopicId
            : Topics[topic].Topic?.WhyMissing(index) ?? ErrorCode.UnknownTopicOrPartition;

        // Message sets of old have records where batches have the attributes.
        p.IsTransactional = p.Records.Length >= RecordBatchHeader.Size
            && new RecordBatchHeader(p.Records.Span) is { Magic: RecordBatchHeader.CurrentMagic, IsTransactional: true };
        HasTransactionalBatches |= p.IsTransactional;
    }

    /// <summary>Where the partition goes: a place of its own, or that of the batch before, which it replaces.</summary>
    private int Place(int topic, int index)
    {
        if (_places is null && Count <= WalkMax)
        {
            for (int i = 0; i < Count; i++)
            {
                if (Partitions[i].TopicIndex == topic && Partitions[i].PartitionIndex == index)
                {
                    return i;
                }
            }
        }
        else
        {
            if (_places is null)
            {
                _places = [];
                for (int i = 0; i < Count; i++)
                {
                    _places.Add((Partitions[i].TopicIndex, Partitions[i].PartitionIndex), i);
                }
            }

            if (!_places.TryAdd((topic, index), Count))
            {
                return _places[(topic, index)];
            }
        }

        if (Count == Partitions.Length)
        {
            ProducePartition[] larger = new ProducePartition[Math.Max(4, Count * 2)];
            Partitions.CopyTo(larger, 0);
            Partitions = larger;
        }

        return Count++;
    }
}
