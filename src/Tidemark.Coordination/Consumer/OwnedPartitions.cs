using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// Partitions that a member has, each with the member's epoch in which it got it, immutable. Nobody else committed offsets of the partition since that
/// epoch, so the member's commits of any epoch since then may be believed (KIP-1251).
/// </summary>
public sealed class OwnedPartitions : IEquatable<OwnedPartitions>
{
    private readonly Uuid[] _topics;
    private readonly int[][] _partitions;
    private readonly int[][] _epochs;

    private OwnedPartitions(Uuid[] topics, int[][] partitions, int[][] epochs)
    {
        _topics = topics;
        _partitions = partitions;
        _epochs = epochs;
    }

    public static OwnedPartitions Empty { get; } = new([], [], []);

    public bool IsEmpty => _topics.Length == 0;

    /// <summary>In order.</summary>
    public ReadOnlySpan<Uuid> Topics => _topics;

    /// <summary>All in order of topic and partition.</summary>
    public IEnumerable<(Uuid Topic, int Partition, int Epoch)> All
    {
        get
        {
            for (int t = 0; t < _topics.Length; t++)
            {
                for (int p = 0; p < _partitions[t].Length; p++)
                {
                    yield return (_topics[t], _partitions[t][p], _epochs[t][p]);
                }
            }
        }
    }

    /// <summary>The topic's partitions in order; none where it has none.</summary>
    public ReadOnlySpan<int> Of(Uuid topic)
    {
        int at = Array.BinarySearch(_topics, topic);
        return at < 0 ? [] : _partitions[at];
    }

    /// <summary>The epochs that belong to <see cref="Of"/>.</summary>
    public ReadOnlySpan<int> EpochsOf(Uuid topic)
    {
        int at = Array.BinarySearch(_topics, topic);
        return at < 0 ? [] : _epochs[at];
    }

    public bool Contains(Uuid topic, int partition) => Of(topic).BinarySearch(partition) >= 0;

    /// <summary>The epoch in which the partition came here, or null when it is not here.</summary>
    public int? EpochOf(Uuid topic, int partition)
    {
        int at = Array.BinarySearch(_topics, topic);
        int index = at < 0 ? -1 : Array.BinarySearch(_partitions[at], partition);
        return index < 0 ? null : _epochs[at][index];
    }

    /// <summary>The same partitions, all of one epoch.</summary>
    public OwnedPartitions WithEpoch(int epoch) => new(_topics, _partitions, [.. _epochs.Select(e => Enumerable.Repeat(epoch, e.Length).ToArray())]);

    /// <summary>Whether both hold the same partitions, whatever their epochs.</summary>
    public bool HasSamePartitions(OwnedPartitions other) =>
        ReferenceEquals(this, other) || (_topics.AsSpan().SequenceEqual(other._topics) && Same(_partitions, other._partitions));

    public bool Equals(OwnedPartitions? other) => other is not null && HasSamePartitions(other) && Same(_epochs, other._epochs);

    public override bool Equals(object? obj) => Equals(obj as OwnedPartitions);

    public override int GetHashCode() => _topics.Length;

    public override string ToString() =>
        string.Join(", ", _topics.Select((topic, i) => $"{topic}: {string.Join(',', _partitions[i])}"));

    private static bool Same(int[][] mine, int[][] theirs)
    {
        if (ReferenceEquals(mine, theirs))
        {
            return true;
        }

        for (int i = 0; i < mine.Length; i++)
        {
            if (!mine[i].AsSpan().SequenceEqual(theirs[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gathers partitions, in any order, into an immutable value.</summary>
    public sealed class Builder
    {
        private readonly SortedDictionary<Uuid, SortedList<int, int>> _topics = [];

        public Builder Add(Uuid topic, int partition, int epoch)
        {
            if (!_topics.TryGetValue(topic, out SortedList<int, int>? list))
            {
                _topics.Add(topic, list = []);
            }

            list[partition] = epoch;
            return this;
        }

        public bool IsEmpty => _topics.Count == 0;

        public OwnedPartitions Build() => _topics.Count == 0
            ? Empty
            : new([.. _topics.Keys], [.. _topics.Values.Select(l => l.Keys.ToArray())], [.. _topics.Values.Select(l => l.Values.ToArray())]);
    }
}
