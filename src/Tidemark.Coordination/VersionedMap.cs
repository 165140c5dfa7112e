using System.Diagnostics.CodeAnalysis;

namespace Tidemark.Coordination;

/// <summary>
/// A map of immutable values in two states: the newest, on which decisions are taken, and the committed one, which others may be told
/// of. What was written and is not committed yet can be undone.
/// </summary>
public sealed class VersionedMap<TKey, TValue> : IVersioned
    where TKey : notnull
    where TValue : class
{
    private readonly VersionClock _clock;
    private readonly Dictionary<TKey, TValue> _committed;
    private readonly Func<TValue, int>? _weight;

    /// <summary>The keys with changes that are not committed: the newest value, null for removed, and how many changes there are.</summary>
    private readonly Dictionary<TKey, (TValue? Value, int Changes)> _newest;

    /// <summary>Those changes in their order; the ones before <see cref="_first"/> are done with.</summary>
    private readonly List<(long Write, TKey Key, TValue? Value)> _changes = [];
    private int _first;

    /// <param name="weight">What a value adds to <see cref="Weight"/>.</param>
    public VersionedMap(VersionClock clock, IEqualityComparer<TKey>? comparer = null, Func<TValue, int>? weight = null)
    {
        _clock = clock;
        _weight = weight;
        _committed = new(comparer);
        _newest = new(comparer);
        clock.Add(this);
    }

    /// <summary>The sum over all values in their newest state, kept up with every change.</summary>
    public int Weight { get; private set; }

    /// <summary>The keys and values in their newest state.</summary>
    public IEnumerable<KeyValuePair<TKey, TValue>> Newest
    {
        get
        {
            foreach (KeyValuePair<TKey, TValue> entry in _committed)
            {
                if (_newest.Count == 0 || !_newest.ContainsKey(entry.Key))
                {
                    yield return entry;
                }
            }

            foreach (KeyValuePair<TKey, (TValue? Value, int Changes)> entry in _newest)
            {
                if (entry.Value.Value is { } value)
                {
                    yield return new(entry.Key, value);
                }
            }
        }
    }

    /// <summary>The keys and values in their committed state.</summary>
    public IReadOnlyDictionary<TKey, TValue> Committed => _committed;

    /// <summary>The newest value, or null.</summary>
    public TValue? Find(TKey key) =>
        _newest.Count > 0 && _newest.TryGetValue(key, out (TValue? Value, int Changes) newest) ? newest.Value : _committed.GetValueOrDefault(key);

    public bool TryFind(TKey key, [NotNullWhen(true)] out TValue? value) => (value = Find(key)) is not null;

    /// <summary>The committed value, or null.</summary>
    public TValue? FindCommitted(TKey key) => _committed.GetValueOrDefault(key);

    /// <summary>Whether the newest state of the key is not committed yet.</summary>
    public bool IsPending(TKey key) => _newest.ContainsKey(key);

    /// <summary>Sets the newest value; null removes it.</summary>
    public void Set(TKey key, TValue? value)
    {
        if (_weight is not null)
        {
            Weigh(Find(key), value);
        }

        if (_clock.Current == 0)
        {
            SetCommitted(key, value);
            return;
        }

        _changes.Add((_clock.Current, key, value));
        _newest[key] = (value, _newest.TryGetValue(key, out (TValue? Value, int Changes) before) ? before.Changes + 1 : 1);
    }

    void IVersioned.Commit(long write)
    {
        while (_first < _changes.Count && _changes[_first].Write <= write)
        {
            (_, TKey key, TValue? value) = _changes[_first];
            _changes[_first++] = default;
            SetCommitted(key, value);
            (TValue? newest, int changes) = _newest[key];
            if (changes == 1)
            {
                _newest.Remove(key);
            }
            else
            {
                _newest[key] = (newest, changes - 1);
            }
        }

        if (_first == _changes.Count)
        {
            _changes.Clear();
            _first = 0;
        }
        else if (_first > 1024 && _first > _changes.Count / 2)
        {
            _changes.RemoveRange(0, _first);
            _first = 0;
        }
    }

    void IVersioned.RevertTo(long write)
    {
        while (_changes.Count > _first && _changes[^1].Write > write)
        {
            (_, TKey key, TValue? undone) = _changes[^1];
            _changes.RemoveAt(_changes.Count - 1);
            int left = _newest[key].Changes - 1;
            if (left == 0)
            {
                _newest.Remove(key);
            }
            else
            {
                int last = _changes.FindLastIndex(c => _newest.Comparer.Equals(c.Key, key));
                _newest[key] = (_changes[last].Value, left);
            }

            Weigh(undone, Find(key));
        }
    }

    private void Weigh(TValue? before, TValue? after)
    {
        if (_weight is not null)
        {
            Weight += (after is null ? 0 : _weight(after)) - (before is null ? 0 : _weight(before));
        }
    }

    private void SetCommitted(TKey key, TValue? value)
    {
        if (value is null)
        {
            _committed.Remove(key);
        }
        else
        {
            _committed[key] = value;
        }
    }
}
