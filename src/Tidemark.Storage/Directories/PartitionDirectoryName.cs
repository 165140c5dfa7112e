using System.Globalization;
using Tidemark.Primitives;

namespace Tidemark.Storage.Directories;

/// <summary>What a directory in a log directory is.</summary>
public enum PartitionDirectoryKind
{
    /// <summary>The partition's log: <c>topic-0</c>.</summary>
    Current,

    /// <summary>A copy that will take the current one's place, from another log directory: <c>topic-0.id-future</c>.</summary>
    Future,

    /// <summary>Of a deleted topic, to be removed: <c>topic-0.id-delete</c>.</summary>
    Deleted,

    /// <summary>Of a partition that the metadata does not know here; kept for a person to look at: <c>topic-0.id-stray</c>.</summary>
    Stray,
}

/// <summary>The names of partitions' directories: topic, hyphen, number; and for those that are not current, 32 hex digits and a word.</summary>
public static class PartitionDirectoryName
{
    private const int NameMax = 255;

    public static string Of(TopicPartition partition) => partition.ToString();

    /// <summary>The topic's name is cut where the whole would be longer than a file system allows.</summary>
    public static string Of(TopicPartition partition, PartitionDirectoryKind kind, Uuid unique)
    {
        string tail = string.Create(
            CultureInfo.InvariantCulture, $"-{partition.Partition}.{unique.High:x16}{unique.Low:x16}{SuffixOf(kind)}");
        string topic = partition.Topic.Length + tail.Length > NameMax ? partition.Topic[..(NameMax - tail.Length)] : partition.Topic;
        return topic + tail;
    }

    /// <summary>False for names that are no partition's.</summary>
    public static bool TryParse(string name, out TopicPartition partition, out PartitionDirectoryKind kind)
    {
        partition = default;
        kind = PartitionDirectoryKind.Current;
        ReadOnlySpan<char> rest = name;
        foreach (PartitionDirectoryKind candidate in (ReadOnlySpan<PartitionDirectoryKind>)
            [PartitionDirectoryKind.Future, PartitionDirectoryKind.Deleted, PartitionDirectoryKind.Stray])
        {
            int dot = name.LastIndexOf('.');
            string suffix = SuffixOf(candidate);
            if (dot > 0 && name.EndsWith(suffix, StringComparison.Ordinal) && name.Length - suffix.Length - dot - 1 == 32)
            {
                kind = candidate;
                rest = name.AsSpan(0, dot);
                break;
            }
        }

        int hyphen = rest.LastIndexOf('-');
        if (hyphen <= 0 || !int.TryParse(rest[(hyphen + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            return false;
        }

        partition = new TopicPartition(rest[..hyphen].ToString(), number);
        return true;
    }

    private static string SuffixOf(PartitionDirectoryKind kind) => kind switch
    {
        PartitionDirectoryKind.Future => "-future",
        PartitionDirectoryKind.Deleted => "-delete",
        PartitionDirectoryKind.Stray => "-stray",
        _ => string.Empty,
    };
}
