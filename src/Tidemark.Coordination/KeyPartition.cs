namespace Tidemark.Coordination;

/// <summary>Which partition of a coordinator's topic keeps a group or a transactional id. Every client and broker must come to the same.</summary>
public static class KeyPartition
{
    /// <summary>The absolute value of the hash of Java's strings, 0 for the smallest one, which has none, modulo the number of partitions.</summary>
    public static int Of(string key, int partitions)
    {
        int hash = HashOf(key);
        return hash == int.MinValue ? 0 : Math.Abs(hash) % partitions;
    }

    /// <summary>The hash of Java's strings.</summary>
    public static int HashOf(string key)
    {
        int hash = 0;
        foreach (char unit in key)
        {
            hash = unchecked((hash * 31) + unit);
        }

        return hash;
    }
}
