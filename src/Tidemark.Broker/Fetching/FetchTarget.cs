using Tidemark.Broker.Partitions;
using Tidemark.Primitives;

namespace Tidemark.Broker.Fetching;

/// <summary>A partition's name in a fetch: by topic id from version 13 on, by name before.</summary>
internal readonly record struct FetchKey(Uuid TopicId, string? Topic, int Partition);

/// <summary>
/// One partition that a client wants to read, with what it said last. In an incremental session (KIP-227) it lives on between requests
/// and remembers what the client was told.
/// </summary>
internal sealed class FetchTarget(FetchKey key)
{
    public FetchKey Key => key;

    public Offset FetchOffset { get; set; }

    public int MaxBytes { get; set; }

    /// <summary>The leader epoch that the client believes in; negative is "does not say".</summary>
    public LeaderEpoch CurrentLeaderEpoch { get; set; } = LeaderEpoch.Unknown;

    public LeaderEpoch LastFetchedEpoch { get; set; } = LeaderEpoch.Unknown;

    public Offset LogStart { get; set; } = Offset.Unknown;

    /// <summary>The partition when it was last looked up. It is looked up again once it is closed.</summary>
    public Partition? Partition { get; set; }

    /// <summary>The topic's name when it was last found by its id: what is gone since was a topic that the client knows.</summary>
    public string? KnownAs { get; set; }

    /// <summary>What the last read could read up to, to notice what came between it and waiting.</summary>
    public Offset SeenEnd { get; set; } = Offset.Unknown;

    // What the session's client was last told. Unknown makes the next answer tell it.
    public Offset ToldHighWatermark { get; set; } = Offset.Unknown;

    public Offset ToldLogStart { get; set; } = Offset.Unknown;

    public FetchTarget? Previous { get; set; }

    public FetchTarget? Next { get; set; }

    /// <summary>Whether an incremental answer has to mention this partition; it is remembered as told.</summary>
    public bool MustTell(in PartitionReadResult result)
    {
        bool tell = result.Bytes > 0 || result.PreferredReplica is not null;
        if (result.HighWatermark != ToldHighWatermark)
        {
            tell = true;
            ToldHighWatermark = result.HighWatermark;
        }

        if (result.LogStart != ToldLogStart)
        {
            tell = true;
            ToldLogStart = result.LogStart;
        }

        if (result.Error != ErrorCode.None || result.Diverging is not null)
        {
            // The first answer after an error is told too, so that the client learns that it is over.
            ToldHighWatermark = Offset.Unknown;
            tell = true;
        }

        return tell;
    }
}
