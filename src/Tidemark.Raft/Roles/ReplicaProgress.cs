using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>What a leader knows of another member: how far its log is on its disk, what it knows to be committed, and when it was last heard.</summary>
internal sealed class ReplicaProgress(ReplicaKey key)
{
    private Offset _leaderEndAtLastFetch = Offset.Unknown;

    /// <summary>Its directory becomes known when fixed voters are written into the log.</summary>
    public ReplicaKey Key { get; set; } = key;

    /// <summary>Never goes back within an epoch: a fetch that was overtaken by a later one says nothing new.</summary>
    public Offset LogEnd { get; private set; } = Offset.Unknown;

    /// <summary>Where it fetched from last, which is what others are told of it: less than before when it lost records.</summary>
    public Offset FetchedFrom { get; private set; } = Offset.Unknown;

    /// <summary>What it said last that it knows to be committed: less than before when it has started again.</summary>
    public Offset KnownCommitted { get; set; } = Offset.Unknown;

    public TimeSpan? LastFetch { get; private set; }

    public TimeSpan? LastCaughtUp { get; private set; }

    public ReplicaDescription Description => new(Key, FetchedFrom, LastFetch, LastCaughtUp);

    /// <summary>Heard of it, by whatever request of a follower.</summary>
    public void Heard(TimeSpan now) => LastFetch = now;

    /// <summary>It fetched from the offset, so it has everything below.</summary>
    public void Fetched(Offset from, Offset leaderEnd, TimeSpan now)
    {
        if (from >= leaderEnd)
        {
            LastCaughtUp = now;
        }
        else if (_leaderEndAtLastFetch >= Offset.Zero && from >= _leaderEndAtLastFetch)
        {
            // It has what there was when it asked before, so it was caught up then.
            LastCaughtUp = LastFetch;
        }

        _leaderEndAtLastFetch = leaderEnd;
        LogEnd = Offset.Max(LogEnd, from);
        FetchedFrom = from;
        Heard(now);
    }
}
