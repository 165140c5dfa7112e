namespace Tidemark.Broker.Fetching;

/// <summary>What a client fetches again and again (KIP-227). Guarded by its own lock, held while a request is read into it and while an answer is built.</summary>
internal sealed class FetchSession(int id, bool usesTopicIds, bool isFollower, FetchTargets targets, TimeSpan createdAt)
{
    public int Id => id;

    public bool UsesTopicIds => usesTopicIds;

    /// <summary>Followers' sessions push out consumers', never the other way round.</summary>
    public bool IsFollower => isFollower;

    public FetchTargets Targets { get; } = targets;

    public TimeSpan CreatedAt { get; } = createdAt;

    public TimeSpan LastUsed { get; set; }

    /// <summary>The epoch that the next request has to carry.</summary>
    public int Epoch { get; set; } = 1;

    public Lock Lock { get; } = new();

    /// <summary>How many partitions it held when its place in the cache was last judged.</summary>
    public int CachedSize { get; set; }

    /// <summary>After the last epoch comes 1 again: 0 asks for a new session.</summary>
    public static int NextEpoch(int epoch) => epoch == int.MaxValue ? 1 : epoch + 1;
}
