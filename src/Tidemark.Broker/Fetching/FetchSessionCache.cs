using System.Buffers.Binary;

namespace Tidemark.Broker.Fetching;

/// <summary>
/// The sessions of all connections, bounded by <c>max.incremental.fetch.session.cache.slots</c>. When it is full, a new session takes the
/// place of one that was not used for the eviction time, or else of a smaller one that is older than that; a follower's takes that of a
/// consumer's, however old. Otherwise the client gets no session and goes on with full requests.
/// </summary>
internal sealed class FetchSessionCache(int slots, TimeSpan evictionTime, TimeProvider time, Action<Memory<byte>> fillRandom)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private readonly byte[] _random = new byte[4];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    public FetchSession? Find(int id)
    {
        lock (_lock)
        {
            return _sessions.GetValueOrDefault(id);
        }
    }

    public void Remove(int id)
    {
        lock (_lock)
        {
            _sessions.Remove(id);
        }
    }

    public void Touch(FetchSession session)
    {
        lock (_lock)
        {
            session.LastUsed = Now();
            session.CachedSize = session.Targets.Count;
        }
    }

    /// <summary>A new session for the targets, or null when there is no room.</summary>
    public FetchSession? TryCreate(FetchTargets targets, bool usesTopicIds, bool isFollower)
    {
        lock (_lock)
        {
            TimeSpan now = Now();
            if (_sessions.Count >= slots && !TryEvict(targets.Count, isFollower, now))
            {
                return null;
            }

            var session = new FetchSession(NewId(), usesTopicIds, isFollower, targets, now) { LastUsed = now, CachedSize = targets.Count };
            _sessions.Add(session.Id, session);
            return session;
        }
    }

    private bool TryEvict(int size, bool isFollower, TimeSpan now)
    {
        FetchSession? unused = _sessions.Values.MinBy(s => s.LastUsed);
        if (unused is not null && now - unused.LastUsed > evictionTime)
        {
            return _sessions.Remove(unused.Id);
        }

        FetchSession? least = _sessions.Values
            .Where(s => (isFollower && !s.IsFollower) || now - s.CreatedAt > evictionTime)
            .MinBy(s => (s.IsFollower, s.CachedSize, s.Id));
        return least is not null
            && (isFollower, size).CompareTo((least.IsFollower, least.CachedSize)) > 0
            && _sessions.Remove(least.Id);
    }

    private int NewId()
    {
        while (true)
        {
            fillRandom(_random);
            int id = BinaryPrimitives.ReadInt32LittleEndian(_random) & int.MaxValue;
            if (id != 0 && !_sessions.ContainsKey(id))
            {
                return id;
            }
        }
    }

    private TimeSpan Now() => time.GetElapsedTime(0);
}
