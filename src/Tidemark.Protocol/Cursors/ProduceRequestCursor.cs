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

    private readonly bool _isFlexible;
    private TopicWalk _topics;

    /// <param name="body">A reader that stands behind the request's header.</param>
    /// <param name="version">The request's version, 3 to 13.</param>
    public ProduceRequestCursor(WireReader body, short version)
    {
        if (version is < Messages.ProduceRequest.LowestVersion or > Messages.ProduceRequest.HighestVersion)
        {
            throw ProtocolException.UnsupportedVersion("ProduceRequest", version);
        }

        _isFlexible = version >= FlexibleFrom;
        WireReader reader = body;
        IsTransactional = reader.TryReadUtf8(_isFlexible, out ReadOnlySpan<byte> transactionalId);
        TransactionalId = transactionalId;
        Acks = reader.ReadInt16();
        TimeoutMs = reader.ReadInt32();

        // A partition's number, the length of nothing, no tags.
        _topics = new TopicWalk(reader, _isFlexible, version >= TopicIdFrom, partitionSizeMin: _isFlexible ? 6 : 8);
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

    public readonly int TopicCount => _topics.TopicCount;

    /// <summary>The current topic's name in UTF-8; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> TopicName => _topics.Name;

    /// <summary>The current topic's id; zero before version 13.</summary>
    public readonly Uuid TopicId => _topics.Id;

    /// <summary>The partitions that the current topic has in the request.</summary>
    public readonly int PartitionCount => _topics.PartitionCount;

    /// <summary>The current partition.</summary>
    public int Partition { get; private set; }

    /// <summary>The current partition's batches, as a view on the frame. Null when the client sent none.</summary>
    public ReadOnlyMemory<byte>? Records { get; private set; }

    /// <summary>Steps to the next topic, over what is left of the current one. False after the last.</summary>
    public bool NextTopic()
    {
        while (NextPartition())
        {
        }

        return _topics.NextTopic();
    }

    /// <summary>Steps to the current topic's next partition. False after the last.</summary>
    public bool NextPartition()
    {
        if (!_topics.BeginPartition())
        {
            return false;
        }

        Partition = _topics.Reader.ReadInt32();
        Records = _topics.Reader.ReadNullableBytes(_isFlexible);
        SkipTags();
        _topics.EndPartition();
        return true;
    }

    private static void WalkToEnd(ProduceRequestCursor cursor)
    {
        while (cursor.NextTopic())
        {
        }

        cursor.SkipTags();
    }

    private void SkipTags()
    {
        if (_isFlexible)
        {
            _topics.Reader.SkipTags();
        }
    }
}
