using Tidemark.Primitives;
using Tidemark.Storage.Directories;

namespace Tidemark.Storage.Logs;

/// <summary>
/// What the log has to tell whoever keeps it; the broker writes it to its log and acts. Called under the log's lock at times, so
/// an implementation must not call back into the log.
/// </summary>
public interface IStorageEvents
{
    /// <summary>The end of a segment was cut off in recovery: what stood there was torn or corrupt.</summary>
    void Truncated(string file, long position, long bytesLost, string reason);

    /// <summary>Something was found wrong and put right: an index rebuilt, a leftover removed, a damaged snapshot ignored.</summary>
    void Repaired(string file, string reason);

    /// <summary>A new segment was begun. The ones before should be flushed soon, by <see cref="PartitionLog.FlushSealed"/>, off the append path.</summary>
    void Rolled(PartitionLog log, Offset baseOffset);

    /// <summary>
    /// What stands in the log at and after the offset is about to go, and other records will come in its place: whatever is written elsewhere of
    /// later offsets has to be taken back on the disk before this returns. The log's own recovery point is lowered already.
    /// </summary>
    void GoesBack(PartitionLog log, Offset to)
    {
    }

    /// <summary>Offsets will be missing in this log, which is no damage: has to be known, on the disk, before this returns.</summary>
    void GetsGaps(PartitionLog log)
    {
    }

    /// <summary>The disk failed under this log, which takes nothing more.</summary>
    void Failed(PartitionLog log, Exception reason);

    /// <summary>The disk failed under this directory, which is offline now; these partitions were in it.</summary>
    void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason);
}

/// <summary>Tells nobody.</summary>
public sealed class SilentStorageEvents : IStorageEvents
{
    public static readonly SilentStorageEvents Instance = new();

    public void Truncated(string file, long position, long bytesLost, string reason)
    {
    }

    public void Repaired(string file, string reason)
    {
    }

    public void Rolled(PartitionLog log, Offset baseOffset)
    {
    }

    public void Failed(PartitionLog log, Exception reason)
    {
    }

    public void DirectoryFailed(LogDirectory directory, IReadOnlyList<TopicPartition> partitions, Exception reason)
    {
    }
}
