using System.Globalization;
using Tidemark.Primitives;

namespace Tidemark.Broker.Replicating;

/// <summary>
/// Which replicas of a topic are throttled: <c>leader.replication.throttled.replicas</c> or <c>follower.replication.throttled.replicas</c>, a list of
/// partition:broker pairs, or <c>*</c> for all. Each broker looks for its own number in it.
/// </summary>
public sealed class ThrottledReplicas
{
    private readonly HashSet<(int Partition, int Broker)>? _replicas;

    private ThrottledReplicas(HashSet<(int, int)>? replicas) => _replicas = replicas;

    public static ThrottledReplicas None { get; } = new([]);

    /// <summary>What is not a pair is passed over: the controller took it before it knew what is allowed.</summary>
    public static ThrottledReplicas Parse(IReadOnlyList<string> list)
    {
        if (list.Count == 0)
        {
            return None;
        }

        if (list.Contains("*"))
        {
            return new ThrottledReplicas(null);
        }

        HashSet<(int, int)> replicas = [];
        foreach (string pair in list)
        {
            int colon = pair.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0
                && int.TryParse(pair.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                && int.TryParse(pair.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int broker))
            {
                replicas.Add((partition, broker));
            }
        }

        return new ThrottledReplicas(replicas);
    }

    public bool Contains(int partition, BrokerId broker) => _replicas?.Contains((partition, broker.Value)) ?? true;
}
