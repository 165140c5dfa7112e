namespace Tidemark.Broker.Fetching;

/// <summary>
/// Fetch targets in the order in which they are read, found by key. A partition that gave records moves to the end, so that under a
/// size limit each gets its turn.
/// </summary>
internal sealed class FetchTargets
{
    /// <summary>Up to here a walk is faster than hashing names, and no dictionary is made.</summary>
    private const int WalkMax = 8;

    private Dictionary<FetchKey, FetchTarget>? _byKey;

    public int Count { get; private set; }

    public FetchTarget? First { get; private set; }

    public FetchTarget? Last { get; private set; }

    public FetchTarget? Find(FetchKey key)
    {
        if (_byKey is not null)
        {
            return _byKey.GetValueOrDefault(key);
        }

        for (FetchTarget? t = First; t is not null; t = t.Next)
        {
            if (t.Key == key)
            {
                return t;
            }
        }

        return null;
    }

    /// <summary>The target of that key, added at the end when there is none yet: of a partition named twice the last counts.</summary>
    public FetchTarget FindOrAdd(FetchKey key)
    {
        if (Find(key) is { } known)
        {
            return known;
        }

        var target = new FetchTarget(key);
        Append(target);
        Count++;
        if (_byKey is not null)
        {
            _byKey.Add(target.Key, target);
        }
        else if (Count > WalkMax)
        {
            _byKey = [];
            for (FetchTarget? t = First; t is not null; t = t.Next)
            {
                _byKey.Add(t.Key, t);
            }
        }

        return target;
    }

    public bool Remove(FetchKey key)
    {
        if (Find(key) is not { } target)
        {
            return false;
        }

        Unlink(target);
        Count--;
        _byKey?.Remove(key);
        return true;
    }

    public void MoveToEnd(FetchTarget target)
    {
        Unlink(target);
        Append(target);
    }

    private void Append(FetchTarget target)
    {
        target.Previous = Last;
        target.Next = null;
        if (Last is null)
        {
            First = target;
        }
        else
        {
            Last.Next = target;
        }

        Last = target;
    }

    private void Unlink(FetchTarget target)
    {
        if (target.Previous is null)
        {
            First = target.Next;
        }
        else
        {
            target.Previous.Next = target.Next;
        }

        if (target.Next is null)
        {
            Last = target.Previous;
        }
        else
        {
            target.Next.Previous = target.Previous;
        }

        target.Previous = target.Next = null;
    }
}
