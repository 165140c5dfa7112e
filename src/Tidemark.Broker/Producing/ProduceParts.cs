using System.Runtime.InteropServices;
using System.Text;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Records;

namespace Tidemark.Broker.Producing;

/// <summary>
/// A produce request taken apart: its topics and partitions looked up, its batches as views on the frame. Read field by field, without
/// the message in between, because this is the path of every record.
/// </summary>
internal struct ProduceParts
{
    /// <summary>Up to here a walk finds what is named twice, beyond it a set does.</summary>
    private const int WalkMax = 32;

    private int _topicCount;
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
        bool flexible = version >= 9;
        var reader = new WireReader(body);
        var parts = new ProduceParts
        {
            TransactionalId = reader.ReadNullableString(flexible),
            Acks = reader.ReadInt16(),
            TimeoutMs = reader.ReadInt32(),
        };
        int topics = reader.ReadCount(flexible, leastElementSize: flexible ? 3 : 6);
        parts.Topics = topics == 0 ? [] : new ProduceTopic[topics];
        parts.Partitions = topics == 0 ? [] : new ProducePartition[Math.Min(topics, 16)];
        for (int t = 0; t < topics; t++)
        {
            int topic = parts.ReadTopic(ref reader, version, flexible, registry);
            int partitions = reader.ReadCount(flexible, leastElementSize: flexible ? 6 : 8);
            for (int p = 0; p < partitions; p++)
            {
                parts.ReadPartition(ref reader, flexible, topic);
            }

            if (flexible)
            {
                reader.SkipTags();
            }
        }

        if (flexible)
        {
            reader.SkipTags();
        }

        return parts;
    }

    private int ReadTopic(ref WireReader reader, short version, bool flexible, PartitionRegistry registry)
    {
        ref ProduceTopic topic = ref Topics[_topicCount];
        if (version >= 13)
        {
            topic.Id = reader.ReadUuid();
            topic.Name = "";
            topic.IsById = true;
            registry.TryFind(topic.Id, out topic.Topic);
        }
        else
        {
            if (!reader.TryReadUtf8(flexible, out ReadOnlySpan<byte> name))
            {
                throw new ProtocolException("a topic without a name");
            }

            // The registry's string serves for the answer; only unknown names are decoded.
            topic.Name = registry.TryFind(name, out topic.Topic) ? topic.Topic.Name : Encoding.UTF8.GetString(name);
            topic.Id = topic.Topic?.Id ?? Uuid.Zero;
        }

        for (int i = 0; i < _topicCount; i++)
        {
            if (Topics[i].Name == topic.Name && Topics[i].Id == topic.Id)
            {
                topic = default;
                return i;
            }
        }

        return _topicCount++;
    }

    private void ReadPartition(ref WireReader reader, bool flexible, int topic)
    {
        int index = reader.ReadInt32();
        ReadOnlyMemory<byte>? records = reader.ReadNullableBytes(flexible);
        if (flexible)
        {
            reader.SkipTags();
        }

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
            : ErrorCode.UnknownTopicOrPartition;

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
