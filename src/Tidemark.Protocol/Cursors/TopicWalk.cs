using Tidemark.Primitives;

namespace Tidemark.Protocol.Cursors;

/// <summary>
/// Walks over the topics of a request, each a name or an id before its partitions. What a partition holds is read by whoever walks,
/// from <see cref="Reader"/>, between <see cref="BeginPartition"/> and <see cref="EndPartition"/>.
/// </summary>
internal ref struct TopicWalk
{
    private readonly bool _isFlexible;
    private readonly bool _hasIds;
    private readonly int _partitionSizeMin;
    private WireReader _reader;
    private int _topicsLeft;
    private int _partitionsLeft;

    /// <param name="reader">Stands before the count of topics.</param>
    /// <param name="partitionSizeMin">The least bytes that a partition takes, for judging their count.</param>
    public TopicWalk(WireReader reader, bool isFlexible, bool hasIds, int partitionSizeMin)
    {
        (_isFlexible, _hasIds, _partitionSizeMin) = (isFlexible, hasIds, partitionSizeMin);
        _reader = reader;

        // An empty name (or an id), no partitions, no tags.
        int nameSizeMin = hasIds ? 16 : isFlexible ? 1 : 2;
        TopicCount = _reader.ReadCount(isFlexible, nameSizeMin + (isFlexible ? 2 : 4));
        _topicsLeft = TopicCount;
    }

    /// <summary>Where the walk stands; behind the last topic when it is over.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ref WireReader Reader => ref _reader;

    public readonly int TopicCount { get; }

    /// <summary>The current topic's name in UTF-8; empty where ids stand for names.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The current topic's id; zero where topics go by name.</summary>
    public Uuid Id { get; private set; }

    public int PartitionCount { get; private set; }

    /// <summary>Steps to the next topic; all partitions of the current one must have been read. False after the last.</summary>
    public bool NextTopic()
    {
        if (_topicsLeft == 0)
        {
            return false;
        }

        _topicsLeft--;
        if (_hasIds)
        {
            Id = _reader.ReadUuid();
        }
        else if (_reader.TryReadUtf8(_isFlexible, out ReadOnlySpan<byte> name))
        {
            Name = name;
        }
        else
        {
            throw ProtocolException.NullNotAllowed();
        }

        PartitionCount = _reader.ReadCount(_isFlexible, _partitionSizeMin);
        _partitionsLeft = PartitionCount;
        EndTopicWhenDone();
        return true;
    }

    /// <summary>Steps to the current topic's next partition. False after the last.</summary>
    public bool BeginPartition()
    {
        if (_partitionsLeft == 0)
        {
            return false;
        }

        _partitionsLeft--;
        return true;
    }

    public void EndPartition() => EndTopicWhenDone();

    /// <summary>A topic's tags follow its last partition, so that the reader stands at a topic's beginning between topics.</summary>
    private void EndTopicWhenDone()
    {
        if (_partitionsLeft == 0 && _isFlexible)
        {
            _reader.SkipTags();
        }
    }
}
