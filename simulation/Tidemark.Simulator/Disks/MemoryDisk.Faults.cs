namespace Tidemark.Simulator.Disks;

/// <content>What goes wrong, and when.</content>
public sealed partial class MemoryDisk
{
    private readonly List<(string Prefix, bool Reads, bool Writes)> _failing = [];
    private int _generation;
    private long _crashAt = long.MaxValue;
    private CrashKind _crashKind;

    /// <summary>
    /// Changes asked for so far: writes, new lengths, flushes, creations, renames, removals and directory flushes. A run that
    /// counted them tells where the next run may crash.
    /// </summary>
    public long ChangeCount { get; private set; }

    /// <summary>True from the crash until <see cref="Restart"/>; everything throws <see cref="SimulatedCrashException"/> meanwhile.</summary>
    public bool HasCrashed { get; private set; }

    /// <summary>The disk's size in bytes. A write that finds no room writes what fits and throws.</summary>
    public long CapacityBytes { get; set; } = 1L << 40;

    /// <summary>Whether a loss of power may flip bits in what was not flushed.</summary>
    public bool DamagesTails { get; set; }

    /// <summary>While set nothing fails: who looks on from outside the simulation sees what is stored, not what a process would.</summary>
    public bool IsLookedAt { get; set; }

    /// <summary>Told of every flush, of files and directories: whoever wants a slow disk lets time pass for it.</summary>
    public Action? OnFlush { get; set; }

    /// <summary>Bytes in pages that files have been written to.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>
    /// Crashes in the middle of the given change, counted as <see cref="ChangeCount"/> counts (1 is the first one after the disk was
    /// made). A write that is hit may leave any number of its first bytes.
    /// </summary>
    public void CrashAtChange(long change, CrashKind kind)
    {
        lock (Lock)
        {
            (_crashAt, _crashKind) = (change, kind);
        }
    }

    /// <summary>Crashes now, between two calls.</summary>
    public void CrashNow(CrashKind kind)
    {
        lock (Lock)
        {
            _crashKind = kind;
            HasCrashed = true;
        }
    }

    /// <summary>Leaves what the crash leaves, frees all locks, and serves again. Files opened before stay unusable.</summary>
    public void Restart()
    {
        lock (Lock)
        {
            if (HasCrashed && _crashKind == CrashKind.Power)
            {
                _root.LosePower(random, DamagesTails);
                UntoldDamage.TurnBack(_root);
            }

            HasCrashed = false;
            _crashAt = long.MaxValue;
            _generation++;
            UsedBytes = Settle(_root);
        }
    }

    /// <summary>Makes reads, writes or both fail with <see cref="IOException"/> for everything whose path starts with the prefix.</summary>
    public void FailUnder(string prefix, bool reads = true, bool writes = true)
    {
        lock (Lock)
        {
            _failing.Add((prefix, reads, writes));
        }
    }

    /// <summary>Ends all failures begun by <see cref="FailUnder"/>.</summary>
    public void Heal()
    {
        lock (Lock)
        {
            _failing.Clear();
        }
    }

    internal static IOException NoSpace(string path) => new($"No space left on device : '{path}'", 28);

    internal void ThrowIfCrashed(int generation)
    {
        if (HasCrashed || generation != _generation)
        {
            throw new SimulatedCrashException();
        }
    }

    internal void ThrowIfReadFails(string path) => ThrowIf(path, !IsLookedAt && _failing.Exists(fault => fault.Reads && IsUnder(path, fault.Prefix)));

    internal void ThrowIfWriteFails(string path) => ThrowIf(path, _failing.Exists(fault => fault.Writes && IsUnder(path, fault.Prefix)));

    /// <summary>Counts a change; true when it is the one to crash in.</summary>
    internal bool CrashesNow() => ++ChangeCount == _crashAt;

    internal SimulatedCrashException Crash()
    {
        HasCrashed = true;
        return new SimulatedCrashException();
    }

    /// <summary>Counts a change that happens whole or not at all, and crashes or fails it if its turn has come.</summary>
    internal void BeforeChange(string path)
    {
        if (CrashesNow())
        {
            throw Crash();
        }

        ThrowIfWriteFails(path);
    }

    internal int TornLength(int length) => random.Next(length + 1);

    internal void Grow(long bytes) => UsedBytes += bytes;

    /// <summary>How many of the bytes to write there is room for.</summary>
    internal int Fitting(MemoryContent content, long position, int count)
    {
        while (count > 0 && UsedBytes + content.GrowthOf(position, count) > CapacityBytes)
        {
            int beyondBorder = (int)((position + count) % MemoryContent.PageSize);
            count = Math.Max(0, count - (beyondBorder == 0 ? MemoryContent.PageSize : beyondBorder));
        }

        return count;
    }

    private static bool IsUnder(string path, string prefix) => path.StartsWith(prefix, StringComparison.Ordinal);

    private static void ThrowIf(string path, bool fails)
    {
        if (fails)
        {
            throw new IOException($"Input/output error : '{path}'", 5);
        }
    }

    private static long Settle(MemoryNode node)
    {
        if (node is MemoryFileNode file)
        {
            file.LockHolder = null;
            return file.Content.AllocatedBytes;
        }

        return ((MemoryDirectoryNode)node).Entries.Values.Sum(Settle);
    }

    private void ThrowIfCrashed() => ThrowIfCrashed(_generation);

    private void Release(MemoryNode? node)
    {
        if (node is MemoryFileNode file)
        {
            Grow(-file.Content.AllocatedBytes);
        }
        else if (node is MemoryDirectoryNode directory)
        {
            foreach (MemoryNode below in directory.Entries.Values)
            {
                Release(below);
            }
        }
    }
}
