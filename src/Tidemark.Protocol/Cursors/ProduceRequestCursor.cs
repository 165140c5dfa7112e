using Tidemark.Primitives;

namespace Tidemark.Protocol.Cursors;

/// <summary>
/// Walks over a Produce request's body without taking memory:
/// <code>
/// var produce = new ProduceRequestCursor(reader, version);
/// while (produce.NextTopic())
/// {
///     while (produce.NextPartition()) { … produce.Records … }
/// }
/// </code>
/// The constructor walks over the whole body once and throws <see cref="ProtocolException"/> when it is malformed,
/// so nothing of a broken request is acted on. Tags are stepped over: no version defines one.
/// </summary>
public ref struct ProduceRequestCursor
{
    private const short FlexibleFrom = 9;
    private const short TopicIdFrom = 13;

    private readonly short _version;
    private WireReader _reader;
    private int _topicsLeft;
    private int _partitionsLeft;

    /// <param name="body">A reader that stands behind the request's header.</param>
    /// <param name="version">The request's version, 3 to 13.</param>
    public ProduceRequestCursor(WireReader body, short version)
    {
        if (version is < Messages.ProduceRequest.LowestVersion or > Messages.ProduceRequest.HighestVersion)
        {
            throw ProtocolException.UnsupportedVersion("ProduceRequest", version);
        }

        _version = version;
        _reader = body;
        IsTransactional = _reader.TryReadUtf8(IsFlexible, out ReadOnlySpan<byte> transactionalId);
        TransactionalId = transactionalId;
        Acks = _reader.ReadInt16();
        TimeoutMs = _reader.ReadInt32();
        TopicCount = _reader.ReadCount(IsFlexible, leastElementSize: 1);
        _topicsLeft = TopicCount;
        WalkToEnd(this);
    }

    /// <summary>Whether the request names a transactional id.</summary>
    public readonly bool IsTransactional { get; }

    /// <summary>The transactional id in UTF-8, empty when there is none.</summary>
    public readonly ReadOnlySpan<byte> TransactionalId { get; }

    /// <summary>The acknowledgement asked for: 0 none, 1 the leader's, -1 that of all in-sync replicas.</summary>
    public readonly short Acks { get; }

    /// <summary>How long the request may wait for acknowledgements, in milliseconds.</summary>
    public readonly int TimeoutMs { get; }

    public readonly int TopicCount { get; }

    /// <summary>The current topic's name in UTF-8; empty from version 13 on.</summary>
    public ReadOnlySpan<byte> TopicName { get; private set; }

    /// <summary>The current topic's id; zero before version 13.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>The partitions that the current topic has in the request.</summary>
    public int PartitionCount { get; private set; }

    /// <summary>The current partition.</summary>
    public int Partition { get; private set; }

    /// <summary>The current partition's batches, as a view on the frame. Null when the client sent none.</summary>
    public ReadOnlyMemory<byte>? Records { get; private set; }

    private readonly bool IsFlexible => _version >= FlexibleFrom;

    /// <summary>Steps to the next topic, over what is left of the current one. False after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        if (_topicsLeft == 0)
        {
            return false;
        }

        _topicsLeft--;
        if (_version >= TopicIdFrom)
        {
            TopicId = _reader.ReadUuid();
        }
        else if (_reader.TryReadUtf8(IsFlexible, out ReadOnlySpan<byte> name))
        {
            TopicName = name;
        }
        else
        {
            throw ProtocolException.NullNotAllowed();
        }

        PartitionCount = _reader.ReadCount(IsFlexible, leastElementSize: 1);
        _partitionsLeft = PartitionCount;
        EndTopicWhenDone();
        return true;
    }

    /// <summary>Steps to the current topic's next partition. False after the last.</summary>
    public bool NextPartition()
    {
        if (_partitionsLeft == 0)
        {
            return false;
        }

        _partitionsLeft--;
        Partition = _reader.ReadInt32();
        Records = _reader.ReadNullableBytes(IsFlexible);
        SkipTags();
        EndTopicWhenDone();
        return true;
    }

    private static void WalkToEnd(ProduceRequestCursor cursor)
    {
        while (cursor.NextTopic())
        {
        }

        cursor.SkipTags();
    }

    /// <summary>A topic's tags follow its last partition, so that the reader stands at a topic's beginning between topics.</summary>
    private void EndTopicWhenDone()
    {
        if (_partitionsLeft == 0)
        {
            SkipTags();
        }
    }

    private void SkipTags()
    {
        if (IsFlexible)
        {
            _reader.SkipTags();
        }
    }
}
