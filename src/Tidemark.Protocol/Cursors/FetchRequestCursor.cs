using Tidemark.Primitives;

namespace Tidemark.Protocol.Cursors;

/// <summary>
/// Walks over a Fetch request's body without taking memory:
/// <code>
/// var fetch = new FetchRequestCursor(reader, version);
/// while (fetch.NextTopic())
/// {
///     while (fetch.NextPartition()) { … fetch.Partition.FetchOffset … }
/// }
/// while (fetch.NextForgottenTopic())
/// {
///     while (fetch.NextForgottenPartition()) { … fetch.ForgottenPartition … }
/// }
/// </code>
/// The constructor walks over the whole body once, because the replica's id and other tags stand at its end;
/// it throws <see cref="ProtocolException"/> when the body is malformed.
/// </summary>
public ref struct FetchRequestCursor
{
    private const short SessionFrom = 7;
    private const short RackFrom = 11;
    private const short FlexibleFrom = 12;
    private const short TopicIdFrom = 13;
    private const short ReplicaStateFrom = 15;

    private readonly short _version;
    private WireReader _reader;
    private int _topicsLeft;
    private int _partitionsLeft;
    private WireReader _forgotten;
    private int _forgottenTopicsLeft;
    private int _forgottenPartitionsLeft;

    /// <param name="body">A reader that stands behind the request's header.</param>
    /// <param name="version">The request's version, 4 to 18.</param>
    public FetchRequestCursor(WireReader body, short version)
    {
        if (version is < Messages.FetchRequest.LowestVersion or > Messages.FetchRequest.HighestVersion)
        {
            throw ProtocolException.UnsupportedVersion("FetchRequest", version);
        }

        _version = version;
        _reader = body;
        ReplicaId = version < ReplicaStateFrom ? _reader.ReadInt32() : -1;
        ReplicaEpoch = -1;
        MaxWaitMs = _reader.ReadInt32();
        MinBytes = _reader.ReadInt32();
        MaxBytes = _reader.ReadInt32();
        IsolationLevel = _reader.ReadInt8();
        SessionId = version >= SessionFrom ? _reader.ReadInt32() : 0;
        SessionEpoch = version >= SessionFrom ? _reader.ReadInt32() : -1;
        TopicCount = _reader.ReadCount(IsFlexible, leastElementSize: 1);
        _topicsLeft = TopicCount;
        ReadTail();
    }

    /// <summary>The follower that fetches, -1 for a consumer.</summary>
    public int ReplicaId { get; private set; }

    /// <summary>The broker epoch of the follower that fetches, -1 where it is unknown.</summary>
    public long ReplicaEpoch { get; private set; }

    /// <summary>The cluster that the client believes to talk to, in UTF-8; empty when it says nothing.</summary>
    public ReadOnlySpan<byte> ClusterId { get; private set; }

    /// <summary>Where the client is, in UTF-8; empty when it says nothing.</summary>
    public ReadOnlySpan<byte> RackId { get; private set; }

    /// <summary>How long the answer may wait for <see cref="MinBytes"/>, in milliseconds.</summary>
    public readonly int MaxWaitMs { get; }

    public readonly int MinBytes { get; }

    public readonly int MaxBytes { get; }

    /// <summary>0 reads everything below the high watermark, 1 only what is committed by transactions.</summary>
    public readonly sbyte IsolationLevel { get; }

    /// <summary>The fetch session, 0 for none (KIP-227).</summary>
    public readonly int SessionId { get; }

    /// <summary>The request's number within its session; 0 opens one and -1 wants or ends none.</summary>
    public readonly int SessionEpoch { get; }

    public readonly int TopicCount { get; }

    /// <summary>The current topic's name in UTF-8; empty from version 13 on.</summary>
    public ReadOnlySpan<byte> TopicName { get; private set; }

    /// <summary>The current topic's id; zero before version 13.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>The partitions that the current topic has in the request.</summary>
    public int PartitionCount { get; private set; }

    /// <summary>The current partition.</summary>
    public FetchedPartition Partition { get; private set; }

    /// <summary>The name, in UTF-8, of the current topic that the session is to forget; empty from version 13 on.</summary>
    public ReadOnlySpan<byte> ForgottenTopicName { get; private set; }

    /// <summary>The id of the current topic that the session is to forget; zero before version 13.</summary>
    public Uuid ForgottenTopicId { get; private set; }

    /// <summary>The current partition that the session is to forget.</summary>
    public int ForgottenPartition { get; private set; }

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
        ReadTopic(ref _reader, out ReadOnlySpan<byte> name, out Uuid id);
        TopicName = name;
        TopicId = id;
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
        Partition = FetchedPartition.Read(ref _reader, _version, IsFlexible);
        EndTopicWhenDone();
        return true;
    }

    /// <summary>Steps to the next topic that the session is to forget. False after the last.</summary>
    public bool NextForgottenTopic()
    {
        while (NextForgottenPartition())
        {
        }

        if (_forgottenTopicsLeft == 0)
        {
            return false;
        }

        _forgottenTopicsLeft--;
        ReadTopic(ref _forgotten, out ReadOnlySpan<byte> name, out Uuid id);
        ForgottenTopicName = name;
        ForgottenTopicId = id;
        _forgottenPartitionsLeft = _forgotten.ReadCount(IsFlexible, sizeof(int));
        EndForgottenTopicWhenDone();
        return true;
    }

    /// <summary>Steps to the next partition of the current topic that the session is to forget. False after the last.</summary>
    public bool NextForgottenPartition()
    {
        if (_forgottenPartitionsLeft == 0)
        {
            return false;
        }

        _forgottenPartitionsLeft--;
        ForgottenPartition = _forgotten.ReadInt32();
        EndForgottenTopicWhenDone();
        return true;
    }

    /// <summary>Walks over the topics to what follows them, and notes where the forgotten ones begin.</summary>
    private void ReadTail()
    {
        FetchRequestCursor walk = this;
        while (walk.NextTopic())
        {
        }

        if (_version >= SessionFrom)
        {
            walk._forgottenTopicsLeft = walk._reader.ReadCount(IsFlexible, leastElementSize: 1);
            walk._forgotten = walk._reader;
            _forgottenTopicsLeft = walk._forgottenTopicsLeft;
            _forgotten = walk._forgotten;
            while (walk.NextForgottenTopic())
            {
            }

            walk._reader = walk._forgotten;
        }

        if (_version >= RackFrom)
        {
            RackId = walk._reader.TryReadUtf8(IsFlexible, out ReadOnlySpan<byte> rack) ? rack : throw ProtocolException.NullNotAllowed();
        }

        if (IsFlexible)
        {
            ReadTags(ref walk._reader);
        }
    }

    private void ReadTags(ref WireReader reader)
    {
        TagSection tags = reader.ReadTags();
        while (reader.NextTag(ref tags))
        {
            switch (tags.Number)
            {
                case 0:
                    ClusterId = reader.TryReadUtf8(compact: true, out ReadOnlySpan<byte> cluster) ? cluster : default;
                    break;
                case 1 when _version >= ReplicaStateFrom:
                    ReplicaId = reader.ReadInt32();
                    ReplicaEpoch = reader.ReadInt64();
                    reader.SkipTags();
                    break;
                default:
                    reader.SkipTag(in tags);
                    break;
            }
        }
    }

    private readonly void ReadTopic(scoped ref WireReader reader, out ReadOnlySpan<byte> name, out Uuid id)
    {
        name = default;
        id = default;
        if (_version >= TopicIdFrom)
        {
            id = reader.ReadUuid();
        }
        else if (!reader.TryReadUtf8(IsFlexible, out name))
        {
            throw ProtocolException.NullNotAllowed();
        }
    }

    /// <summary>A topic's tags follow its last partition, so that the reader stands at a topic's beginning between topics.</summary>
    private void EndTopicWhenDone()
    {
        if (_partitionsLeft == 0 && IsFlexible)
        {
            _reader.SkipTags();
        }
    }

    private void EndForgottenTopicWhenDone()
    {
        if (_forgottenPartitionsLeft == 0 && IsFlexible)
        {
            _forgotten.SkipTags();
        }
    }
}
