using System.Buffers;
using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Checkpoints;

/// <summary>A leadership's epoch and the offset of the first record that was, or would have been, written under it.</summary>
public readonly record struct EpochStart(LeaderEpoch Epoch, Offset Start);

/// <summary>The file <c>leader-epoch-checkpoint</c> in a partition's directory.</summary>
internal static class LeaderEpochCheckpoint
{
    public const string FileName = "leader-epoch-checkpoint";

    public static void Write(IDisk disk, string path, ReadOnlySpan<EpochStart> entries, bool durable)
    {
        var text = new ArrayBufferWriter<byte>(16 + (entries.Length * 16));
        CheckpointText.WriteHeading(text, entries.Length);
        foreach (EpochStart entry in entries)
        {
            CheckpointText.WriteNumber(text, entry.Epoch.Value, (byte)' ');
            CheckpointText.WriteNumber(text, entry.Start.Value, (byte)'\n');
        }

        AtomicFile.Write(disk, path, text.WrittenSpan, durable);
    }

    /// <summary>Null when the file is damaged, and then the epochs have to be read from the batches again.</summary>
    public static List<EpochStart>? Read(IDisk disk, string path)
    {
        ReadOnlySpan<byte> text = AtomicFile.Read(disk, path);
        var entries = new List<EpochStart>();
        if (text.IsEmpty || !CheckpointText.ReadHeading(ref text, out long count))
        {
            return null;
        }

        while (CheckpointText.NextLine(ref text, out ReadOnlySpan<byte> line))
        {
            if (line.IsEmpty)
            {
                continue;
            }

            if (!CheckpointText.LastNumber(ref line, out long start)
                || !CheckpointText.LastNumber(ref line, out long epoch) || epoch is < 0 or > int.MaxValue)
            {
                return null;
            }

            var entry = new EpochStart(new LeaderEpoch((int)epoch), new Offset(start));
            if (entries.Count > 0 && (entries[^1].Epoch >= entry.Epoch || entries[^1].Start > entry.Start))
            {
                return null;
            }

            entries.Add(entry);
        }

        return entries.Count == count ? entries : null;
    }
}
