using System.Diagnostics.CodeAnalysis;

namespace Tidemark.Coordination;

/// <summary>
/// Deadlines by key, taken in the order of their times, and of equal times in the order in which they were set. One that is moved
/// later, as every heartbeat does with its member's session, costs a lookup: it is queued anew only when its old time has come.
/// </summary>
public sealed class Deadlines<TKey>(IEqualityComparer<TKey>? comparer = null)
    where TKey : notnull
{
    /// <summary>Below this many queued entries those that count no more are left where they are.</summary>
    private const int CleanAbove = 64;

    private readonly Dictionary<TKey, (TimeSpan At, TimeSpan QueuedAt, long Queued)> _byKey = new(comparer);
    private readonly PriorityQueue<(TKey Key, long Queued), (TimeSpan At, long Queued)> _queue = new();
    private long _last;

    public int Count => _byKey.Count;

    /// <summary>No deadline comes before this; null when there is none. After a move to later nothing may be due at that time yet.</summary>
    public TimeSpan? Next
    {
        get
        {
            while (_queue.TryPeek(out (TKey Key, long Queued) entry, out (TimeSpan At, long Queued) priority))
            {
                if (Counts(entry))
                {
                    return priority.At;
                }

                _queue.Dequeue();
            }

            return null;
        }
    }

    public bool Contains(TKey key) => _byKey.ContainsKey(key);

    /// <summary>Sets or moves the deadline of the key.</summary>
    public void Set(TKey key, TimeSpan at)
    {
        if (_byKey.TryGetValue(key, out (TimeSpan At, TimeSpan QueuedAt, long Queued) known) && known.QueuedAt <= at)
        {
            _byKey[key] = known with { At = at };
            return;
        }

        Queue(key, at);
        if (_queue.Count > CleanAbove && _queue.Count > 2 * _byKey.Count)
        {
            Clean();
        }
    }

    public bool Cancel(TKey key) => _byKey.Remove(key);

    /// <summary>Takes a deadline out that has come.</summary>
    public bool TryTakeDue(TimeSpan now, [MaybeNullWhen(false)] out TKey key)
    {
        while (_queue.TryPeek(out (TKey Key, long Queued) entry, out (TimeSpan At, long Queued) priority) && priority.At <= now)
        {
            _queue.Dequeue();
            if (!Counts(entry))
            {
                continue;
            }

            TimeSpan at = _byKey[entry.Key].At;
            if (at > now)
            {
                Queue(entry.Key, at);
                continue;
            }

            _byKey.Remove(entry.Key);
            key = entry.Key;
            return true;
        }

        key = default;
        return false;
    }

    private bool Counts((TKey Key, long Queued) entry) =>
        _byKey.TryGetValue(entry.Key, out (TimeSpan At, TimeSpan QueuedAt, long Queued) known) && known.Queued == entry.Queued;

    private void Queue(TKey key, TimeSpan at)
    {
        _byKey[key] = (at, at, ++_last);
        _queue.Enqueue((key, _last), (at, _last));
    }

    /// <summary>Entries of deadlines that were cancelled or moved to earlier would otherwise stay until their time comes.</summary>
    private void Clean()
    {
        _queue.Clear();
        foreach ((TKey key, (_, TimeSpan queuedAt, long queued)) in _byKey)
        {
            _queue.Enqueue((key, queued), (queuedAt, queued));
        }
    }
}
