using Tidemark.Broker.Partitions;
using Tidemark.Primitives;

namespace Tidemark.Broker.Fetching;

/// <summary>What a fetch request asks for besides its partitions.</summary>
/// <param name="MinBytes">Wait until there is this much to read.</param>
/// <param name="MaxBytes">Give no more than this, but always the first batch.</param>
/// <param name="Follower">The replica that fetches; none for a consumer.</param>
/// <param name="FollowerEpoch">The broker epoch that a follower sends; -1 when it does not.</param>
/// <param name="Rack">Where a consumer stands that may be sent to a nearer replica; null when it may not.</param>
internal readonly record struct FetchSettings(
    TimeSpan MaxWait,
    int MinBytes,
    int MaxBytes,
    bool ReadCommitted,
    BrokerId Follower,
    long FollowerEpoch,
    ReaderRack? Rack = null)
{
    public bool IsFollower => Follower.Value >= 0;
}
