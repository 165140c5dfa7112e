using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer;

/// <summary>Partitions by topic, immutable: what a member is meant to have. Topics stand in the order of their ids, partitions in theirs.</summary>
public sealed class Assignment : IEquatable<Assignment>
{
    private readonly Uuid[] _topics;
    private readonly int[][] _partitions;

    private Assignment(Uuid[] topics, int[][] partitions)
    {
        _topics = topics;
        _partitions = partitions;
        int count = 0;
        foreach (int[] list in partitions)
        {
            count += list.Length;
        }

        Count = count;
    }

    public static Assignment Empty { get; } = new([], []);

    /// <summary>How many partitions of all topics.</summary>
    public int Count { get; }

    public ReadOnlySpan<Uuid> Topics => _topics;

    /// <summary>All in order of topic and partition.</summary>
    public IEnumerable<(Uuid Topic, int Partition)> All => _topics.Zip(_partitions).SelectMany(t => t.Second.Select(p => (t.First, p)));

    /// <summary>Takes partitions in any order; topics without any are left out.</summary>
    public static Assignment Of(IEnumerable<(Uuid Topic, IEnumerable<int> Partitions)> topics)
    {
        var sorted = new SortedDictionary<Uuid, int[]>();
        foreach ((Uuid topic, IEnumerable<int> partitions) in topics)
        {
            int[] list = [.. partitions];
            Array.Sort(list);
            if (list.Length > 0)
            {
                sorted[topic] = list;
            }
        }

        return FromSorted([.. sorted.Keys], [.. sorted.Values]);
    }

    /// <summary>Takes what is in order already, without empty lists; the arrays are the assignment's from here on.</summary>
    internal static Assignment FromSorted(Uuid[] topics, int[][] partitions) =>
        topics.Length == 0 ? Empty : new Assignment(topics, partitions);

    /// <summary>The topic's partitions in order; none where it has none.</summary>
    public ReadOnlySpan<int> Of(Uuid topic)
    {
        int at = Array.BinarySearch(_topics, topic);
        return at < 0 ? [] : _partitions[at];
    }

    internal ReadOnlySpan<int> At(int topic) => _partitions[topic];

    public bool Contains(Uuid topic, int partition) => Of(topic).BinarySearch(partition) >= 0;

    public bool Equals(Assignment? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is null || Count != other.Count || !_topics.AsSpan().SequenceEqual(other._topics))
        {
            return false;
        }

        for (int i = 0; i < _partitions.Length; i++)
        {
            if (!_partitions[i].AsSpan().SequenceEqual(other._partitions[i]))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as Assignment);

    public override int GetHashCode() => HashCode.Combine(Count, _topics.Length);

    public override string ToString() =>
        string.Join(", ", _topics.Select((topic, i) => $"{topic}: {string.Join(',', _partitions[i])}"));
}
