namespace Tidemark.Coordination;

/// <summary>Which partition of a coordinator's topic keeps a group or a transactional id. Every client and broker must come to the same.</summary>
public static class KeyPartition
{
    /// <summary>The hash of Java's strings, its sign bit cleared, modulo the number of partitions.</summary>
    public static int Of(string key, int partitions)
    {
        int hash = 0;
        foreach (char unit in key)
        {
            hash = unchecked((hash * 31) + unit);
        }

        return (hash & int.MaxValue) % partitions;
    }
}
