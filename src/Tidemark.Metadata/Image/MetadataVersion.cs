namespace Tidemark.Metadata.Image;

/// <summary>
/// The level of the feature <c>metadata.version</c>: which records, in which layouts, may stand in the metadata log.
/// The levels and their names are Kafka's (KIP-584, KIP-778).
/// </summary>
public readonly record struct MetadataVersion(short Level) : IComparable<MetadataVersion>
{
    /// <summary>The feature's name.</summary>
    public const string Feature = "metadata.version";

    private static readonly string[] s_names =
    [
        "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
        "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0",
        "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
    ];

    /// <summary>The levels from which on the metadata log has records, or fields in them, that it did not have before.</summary>
    private static readonly short[] s_withNewRecords = [7, 8, 11, 13, 14, 15, 17, 23, 30];

    /// <summary>3.3-IV3, the lowest level that this code reads and writes.</summary>
    public static MetadataVersion Lowest => new(7);

    /// <summary>4.3-IV0, the highest level that this code reads and writes.</summary>
    public static MetadataVersion Latest => new(30);

    /// <summary>Where the log does not say (yet), the lowest level is what everybody understands.</summary>
    public static MetadataVersion Default => Lowest;

    /// <summary>The name of the release, such as 4.3-IV0.</summary>
    public string Name => Level >= Lowest.Level && Level <= Latest.Level ? s_names[Level - Lowest.Level] : Level.ToString();

    /// <summary>3.5-IV2: SCRAM users may be kept in the log (KIP-900).</summary>
    public bool HasScram => Level >= 11;

    /// <summary>3.6-IV1: the first records are written as one transaction (KIP-868).</summary>
    public bool HasTransactions => Level >= 13;

    /// <summary>3.7-IV0: controllers register themselves (KIP-919).</summary>
    public bool HasControllerRegistration => Level >= 15;

    /// <summary>3.7-IV2: partitions name the log directories of their replicas (KIP-858).</summary>
    public bool HasDirectories => Level >= 17;

    /// <summary>4.0-IV1: partitions name their eligible leader replicas (KIP-966).</summary>
    public bool HasEligibleLeaderReplicas => Level >= 23;

    /// <summary>4.3-IV0: brokers name the log directories that take no new partitions.</summary>
    public bool HasCordonedDirectories => Level >= 30;

    public short RegisterBrokerRecordVersion => (short)(HasCordonedDirectories ? 4 : HasDirectories ? 3 : Level >= 8 ? 2 : 1);

    public short PartitionRecordVersion => (short)(HasEligibleLeaderReplicas ? 2 : HasDirectories ? 1 : 0);

    public short PartitionChangeRecordVersion => (short)(HasEligibleLeaderReplicas ? 2 : HasDirectories ? 1 : 0);

    /// <summary>Whether the log may hold what a lower version cannot say.</summary>
    public bool HasOtherRecordsThan(MetadataVersion lower)
    {
        short here = Level;
        return s_withNewRecords.Any(level => level > lower.Level && level <= here);
    }

    /// <summary>The level of a release's name or number.</summary>
    public static bool TryParse(string text, out MetadataVersion version)
    {
        int at = Array.IndexOf(s_names, text);
        if (at >= 0)
        {
            version = new MetadataVersion((short)(Lowest.Level + at));
            return true;
        }

        // A bare release stands for its last level.
        at = Array.FindLastIndex(s_names, name => name.StartsWith(text + "-", StringComparison.Ordinal));
        if (at >= 0 && text.Contains('.'))
        {
            version = new MetadataVersion((short)(Lowest.Level + at));
            return true;
        }

        bool good = short.TryParse(text, out short level) && level >= Lowest.Level && level <= Latest.Level;
        version = new MetadataVersion(level);
        return good;
    }

    public int CompareTo(MetadataVersion other) => Level.CompareTo(other.Level);

    public override string ToString() => Name;
}
