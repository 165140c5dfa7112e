using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// A segment's log file, opened when it is first used and closed again when descriptors are short and nobody uses it. Who uses it
/// holds a lease; a deleted file stays readable until its last lease is returned.
/// </summary>
internal sealed class SegmentFile(IDisk disk, OpenFileBudget budget, string path)
{
    private const int ClosedState = -1;

    private readonly Lock _gate = new();
    private IDiskFile? _file;
    private int _leases = ClosedState;
    private volatile bool _used;
    private volatile bool _retired;

    public string Path { get; private set; } = path;

    /// <summary>The open file, held open until <see cref="Release"/>.</summary>
    public IDiskFile Acquire(DiskOpen how = DiskOpen.Existing)
    {
        while (true)
        {
            int leases = Volatile.Read(ref _leases);
            if (leases >= 0)
            {
                if (Interlocked.CompareExchange(ref _leases, leases + 1, leases) == leases)
                {
                    if (!_used)
                    {
                        _used = true;
                    }

                    return _file!;
                }
            }
            else if (OpenAndLease(how) is { } opened)
            {
                return opened;
            }
        }
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _leases);
        Invariant.Require(left >= 0);
        if (left == 0 && _retired)
        {
            CloseNow();
        }
    }

    /// <summary>Closes the file if nobody holds a lease. With a second chance, only if it was not used since the last call.</summary>
    public bool TryCloseIdle(bool secondChance)
    {
        if (secondChance && _used)
        {
            _used = false;
            return false;
        }

        if (Interlocked.CompareExchange(ref _leases, ClosedState, 0) != 0)
        {
            return false;
        }

        // Whoever finds the closed state waits for the gate before it opens the file again.
        lock (_gate)
        {
            if (Volatile.Read(ref _leases) == ClosedState)
            {
                _file?.Dispose();
                _file = null;
            }
        }

        return true;
    }

    /// <summary>The file is closed as soon as the last lease is returned.</summary>
    public void Retire()
    {
        _retired = true;
        CloseNow();
    }

    /// <summary>Renames the file. An open handle follows it.</summary>
    public void Rename(string path)
    {
        lock (_gate)
        {
            disk.Rename(Path, path);
            Path = path;
        }
    }

    private void CloseNow()
    {
        if (TryCloseIdle(secondChance: false))
        {
            budget.Closed(this);
        }
    }

    private IDiskFile? OpenAndLease(DiskOpen how)
    {
        IDiskFile file;
        lock (_gate)
        {
            if (Volatile.Read(ref _leases) != ClosedState)
            {
                return null;
            }

            // A sweep may have taken the state and not yet the file; it will find the state open again and leave the file to us.
            file = _file ?? disk.OpenFile(Path, how);
            _file = file;
            _used = true;
            Volatile.Write(ref _leases, 1);
        }

        budget.Opened(this);
        return file;
    }
}
