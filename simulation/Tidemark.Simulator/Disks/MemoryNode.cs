namespace Tidemark.Simulator.Disks;

/// <summary>A file or a directory of the memory disk; names are kept by the directory that holds it.</summary>
internal abstract class MemoryNode;

internal sealed class MemoryFileNode : MemoryNode
{
    public MemoryContent Content { get; } = new();

    public long ModifiedMs { get; set; }

    /// <summary>Whether a process holds the lock on this file.</summary>
    public object? LockHolder { get; set; }
}

/// <summary>Entries as they are, and as they were when the directory was last made durable.</summary>
internal sealed class MemoryDirectoryNode : MemoryNode
{
    public SortedDictionary<string, MemoryNode> Entries { get; private set; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, MemoryNode> FlushedEntries { get; private set; } = new(StringComparer.Ordinal);

    public void Flush() => FlushedEntries = new(Entries, StringComparer.Ordinal);

    /// <summary>A directory's unflushed changes survive a loss of power all together or not at all, so that a rename stays one step.</summary>
    public void LosePower(SeededRandom random, bool damages)
    {
        bool changed = Entries.Count != FlushedEntries.Count
            || Entries.Any(entry => !FlushedEntries.TryGetValue(entry.Key, out MemoryNode? node) || node != entry.Value);
        if (changed && random.Chance(0.5))
        {
            Entries = new(FlushedEntries, StringComparer.Ordinal);
        }

        Flush();
        foreach (MemoryNode node in Entries.Values)
        {
            switch (node)
            {
                case MemoryDirectoryNode directory:
                    directory.LosePower(random, damages);
                    break;
                case MemoryFileNode file:
                    file.Content.LosePower(random, damages);
                    break;
            }
        }
    }
}
