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
    private TopicWalk _topics;
    private TopicWalk _forgotten;

    /// <param name="body">A reader that stands behind the request's header.</param>
    /// <param name="version">The request's version, 4 to 18.</param>
    public FetchRequestCursor(WireReader body, short version)
    {
        if (version is < Messages.FetchRequest.LowestVersion or > Messages.FetchRequest.HighestVersion)
        {
            throw ProtocolException.UnsupportedVersion("FetchRequest", version);
        }

        _version = version;
        WireReader reader = body;
        ReplicaId = version < ReplicaStateFrom ? reader.ReadInt32() : -1;
        ReplicaEpoch = -1;
        MaxWaitMs = reader.ReadInt32();
        MinBytes = reader.ReadInt32();
        MaxBytes = reader.ReadInt32();
        IsolationLevel = reader.ReadInt8();
        SessionId = version >= SessionFrom ? reader.ReadInt32() : 0;
        SessionEpoch = version >= SessionFrom ? reader.ReadInt32() : -1;
        _topics = new TopicWalk(reader, IsFlexible, HasTopicIds, FetchedPartition.SizeMin);
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

    public readonly int TopicCount => _topics.TopicCount;

    /// <summary>The current topic's name in UTF-8; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> TopicName => _topics.Name;

    /// <summary>The current topic's id; zero before version 13.</summary>
    public readonly Uuid TopicId => _topics.Id;

    /// <summary>The partitions that the current topic has in the request.</summary>
    public readonly int PartitionCount => _topics.PartitionCount;

    /// <summary>The current partition.</summary>
    public FetchedPartition Partition { get; private set; }

    /// <summary>The name, in UTF-8, of the current topic that the session is to forget; empty from version 13 on.</summary>
    public readonly ReadOnlySpan<byte> ForgottenTopicName => _forgotten.Name;

    /// <summary>The id of the current topic that the session is to forget; zero before version 13.</summary>
    public readonly Uuid ForgottenTopicId => _forgotten.Id;

    /// <summary>The current partition that the session is to forget.</summary>
    public int ForgottenPartition { get; private set; }

    private readonly bool IsFlexible => _version >= FlexibleFrom;

    private readonly bool HasTopicIds => _version >= TopicIdFrom;

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

        Partition = FetchedPartition.Read(ref _topics.Reader, _version, IsFlexible);
        _topics.EndPartition();
        return true;
    }

    /// <summary>Steps to the next topic that the session is to forget. False after the last.</summary>
    public bool NextForgottenTopic()
    {
        while (NextForgottenPartition())
        {
        }

        return _forgotten.NextTopic();
    }

    /// <summary>Steps to the next partition of the current topic that the session is to forget. False after the last.</summary>
    public bool NextForgottenPartition()
    {
        if (!_forgotten.BeginPartition())
        {
            return false;
        }

        ForgottenPartition = _forgotten.Reader.ReadInt32();
        _forgotten.EndPartition();
        return true;
    }

    /// <summary>Walks over the topics to what follows them, and notes where the forgotten ones begin.</summary>
    private void ReadTail()
    {
        FetchRequestCursor walk = this;
        while (walk.NextTopic())
        {
        }

        WireReader rest = walk._topics.Reader;
        if (_version >= SessionFrom)
        {
            _forgotten = new TopicWalk(rest, IsFlexible, HasTopicIds, partitionSizeMin: sizeof(int));
            walk._forgotten = _forgotten;
            while (walk.NextForgottenTopic())
            {
            }

            rest = walk._forgotten.Reader;
        }

        if (_version >= RackFrom)
        {
            RackId = rest.TryReadUtf8(IsFlexible, out ReadOnlySpan<byte> rack) ? rack : throw ProtocolException.NullNotAllowed();
        }

        if (IsFlexible)
        {
            ReadTags(ref rest);
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
}
