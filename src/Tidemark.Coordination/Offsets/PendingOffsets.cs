using Tidemark.Primitives;

namespace Tidemark.Coordination.Offsets;

/// <summary>
/// Offsets that open transactions brought: they count when their transaction is committed, and are forgotten when it is aborted. Until
/// then whoever wants stable offsets has to wait for them.
/// </summary>
internal sealed class PendingOffsets(VersionClock clock)
{
    /// <summary>A transaction that commits the same partitions over and over is cut to the last of each whenever so many were added.</summary>
    private const int CutEvery = 1024;

    private readonly VersionedMap<ProducerId, Entry> _byProducer = new(clock);
    private readonly VersionedMap<OffsetKey, Producers> _byKey = new(clock);

    /// <summary>The partitions with offsets of open transactions, in the newest state.</summary>
    public IEnumerable<OffsetKey> All => _byKey.Newest.Select(e => e.Key);

    public bool IsAny => _byProducer.Newest.Any();

    public bool Has(string group, string topic, int partition) => _byKey.Find(new(group, topic, partition)) is not null;

    public bool HasAny(string group) => All.Any(k => k.Group == group);

    public void Add(ProducerId producer, OffsetKey key, CommittedOffset value)
    {
        Entry? before = _byProducer.Find(producer);
        var entry = new Entry(key, value, before, (before?.Length ?? 0) + 1);
        _byProducer.Set(producer, entry.Length % CutEvery == 0 ? LastOfEach(entry) : entry);
        Producers? open = _byKey.Find(key);
        if (open is null || !open.Ids.Contains(producer))
        {
            _byKey.Set(key, new Producers([.. open?.Ids ?? [], producer]));
        }
    }

    /// <summary>Forgets what transactions brought for the partition: it was removed after they did.</summary>
    public void Remove(OffsetKey key)
    {
        if (_byKey.Find(key) is not { } open)
        {
            return;
        }

        _byKey.Set(key, null);
        foreach (ProducerId producer in open.Ids)
        {
            _byProducer.Set(producer, Without(_byProducer.Find(producer), key));
        }
    }

    /// <summary>Ends a producer's transaction: takes out what it brought, the last of each partition first.</summary>
    public IReadOnlyList<(OffsetKey Key, CommittedOffset Value)> End(ProducerId producer)
    {
        var brought = new List<(OffsetKey, CommittedOffset)>();
        var seen = new HashSet<OffsetKey>();
        for (Entry? at = _byProducer.Find(producer); at is not null; at = at.Before)
        {
            if (!seen.Add(at.Key))
            {
                continue;
            }

            brought.Add((at.Key, at.Value));
            ProducerId[] others = [.. _byKey.Find(at.Key)!.Ids.Where(p => p != producer)];
            _byKey.Set(at.Key, others.Length == 0 ? null : new Producers(others));
        }

        if (brought.Count > 0)
        {
            _byProducer.Set(producer, null);
        }

        return brought;
    }

    private static Entry? Without(Entry? list, OffsetKey removed)
    {
        Entry? kept = null;
        foreach (Entry entry in InOrder(list).Where(e => e.Key != removed))
        {
            kept = new Entry(entry.Key, entry.Value, kept, (kept?.Length ?? 0) + 1);
        }

        return kept;
    }

    private static Entry LastOfEach(Entry list)
    {
        var seen = new HashSet<OffsetKey>();
        var last = new List<Entry>();
        for (Entry? at = list; at is not null; at = at.Before)
        {
            if (seen.Add(at.Key))
            {
                last.Add(at);
            }
        }

        Entry? kept = null;
        for (int i = last.Count - 1; i >= 0; i--)
        {
            kept = new Entry(last[i].Key, last[i].Value, kept, (kept?.Length ?? 0) + 1);
        }

        return kept!;
    }

    private static IEnumerable<Entry> InOrder(Entry? list)
    {
        var entries = new Stack<Entry>();
        for (Entry? at = list; at is not null; at = at.Before)
        {
            entries.Push(at);
        }

        return entries;
    }

    /// <summary>An offset of a transaction, and those that came before it. Immutable, so that an earlier state is still there to go back to.</summary>
    private sealed record Entry(OffsetKey Key, CommittedOffset Value, Entry? Before, int Length);

    private sealed record Producers(ProducerId[] Ids);
}
