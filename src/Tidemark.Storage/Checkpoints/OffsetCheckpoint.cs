using System.Buffers;
using System.Text;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Checkpoints;

/// <summary>
/// A file with one offset a partition, in the root of a log directory: recovery points, high watermarks, log starts, cleaner
/// offsets. Written beside, flushed and renamed.
/// </summary>
public static class OffsetCheckpoint
{
    /// <summary>Everything below is on the disk for certain; recovery begins there.</summary>
    public const string RecoveryPoints = "recovery-point-offset-checkpoint";

    /// <summary>The high watermarks. A hint for the start only: nothing is ever truncated to it.</summary>
    public const string HighWatermarks = "replication-offset-checkpoint";

    /// <summary>The log starts, where they are not simply the first segment's base offset.</summary>
    public const string LogStarts = "log-start-offset-checkpoint";

    /// <summary>Up to where compaction has been.</summary>
    public const string CleanerOffsets = "cleaner-offset-checkpoint";

    /// <exception cref="IOException">The disk failed; the old content stands.</exception>
    public static void Write(IDisk disk, string path, IReadOnlyCollection<KeyValuePair<TopicPartition, Offset>> offsets)
    {
        var text = new ArrayBufferWriter<byte>(64 + (offsets.Count * 32));
        CheckpointText.WriteHeading(text, offsets.Count);
        foreach ((TopicPartition partition, Offset offset) in offsets)
        {
            Encoding.UTF8.GetBytes(partition.Topic, text);
            text.Write(" "u8);
            CheckpointText.WriteNumber(text, partition.Partition, (byte)' ');
            CheckpointText.WriteNumber(text, offset.Value, (byte)'\n');
        }

        AtomicFile.Write(disk, path, text.WrittenSpan);
    }

    /// <summary>
    /// Empty when the file is absent. A file that cannot be understood gives what could be read up to the damage and false in
    /// <paramref name="intact"/>: each of these offsets only saves work, and one that is missing means "from the start".
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static Dictionary<TopicPartition, Offset> Read(IDisk disk, string path, out bool intact)
    {
        var offsets = new Dictionary<TopicPartition, Offset>();
        ReadOnlySpan<byte> text = AtomicFile.Read(disk, path);
        intact = true;
        if (text.IsEmpty)
        {
            return offsets;
        }

        intact = CheckpointText.ReadHeading(ref text, out long entries);
        while (intact && CheckpointText.NextLine(ref text, out ReadOnlySpan<byte> line))
        {
            if (line.IsEmpty)
            {
                continue;
            }

            if (!CheckpointText.LastNumber(ref line, out long offset)
                || !CheckpointText.LastNumber(ref line, out long partition)
                || partition is < 0 or > int.MaxValue || line.IsEmpty || offset < 0)
            {
                intact = false;
            }
            else
            {
                offsets[new TopicPartition(Encoding.UTF8.GetString(line), (int)partition)] = new Offset(offset);
            }
        }

        intact &= offsets.Count == entries;
        return offsets;
    }
}
