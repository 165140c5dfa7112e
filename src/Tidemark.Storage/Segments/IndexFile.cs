using Tidemark.Primitives;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// A sparse index: entries of one size, in order. New entries are gathered in memory and written some hundred at a time, since an
/// index can always be made again from its log; what is written is exactly the entries, without Kafka's preallocated zeros.
/// A small lock orders the one writer and the readers.
/// </summary>
internal abstract class IndexFile(IDisk disk, OpenFileBudget budget, string path, int entryBytes, int storedEntries)
{
    private const int PendingEntriesMax = 128;

    private readonly SegmentFile _file = new(disk, budget, path);
    private byte[] _pending = [];
    private int _pendingEntries;
    private int _stored = storedEntries;

    public string Path => _file.Path;

    public int Entries => _stored + _pendingEntries;

    protected Lock Gate { get; } = new();

    /// <summary>Writes and flushes; nothing more will be added soon, so the memory is given back.</summary>
    public void Seal(bool durable)
    {
        lock (Gate)
        {
            WritePendingLocked();
            _pending = [];
            if (durable)
            {
                FlushLocked();
            }
        }
    }

    public void Flush()
    {
        lock (Gate)
        {
            WritePendingLocked();
            FlushLocked();
        }
    }

    /// <summary>Makes the file if it is absent, because Kafka wants every segment to have its indexes.</summary>
    public void CreateEmpty()
    {
        lock (Gate)
        {
            disk.OpenFile(Path, DiskOpen.Create).Dispose();
            _stored = 0;
            _pendingEntries = 0;
        }
    }

    /// <summary>Closes the file and removes it.</summary>
    public void Delete()
    {
        _file.Retire();
        disk.DeleteFile(Path);
    }

    public void Close() => _file.Retire();

    public void Rename(string path)
    {
        lock (Gate)
        {
            _file.Rename(path);
        }
    }

    protected void Add(ReadOnlySpan<byte> entry)
    {
        if (_pendingEntries == PendingEntriesMax)
        {
            WritePendingLocked();
        }

        int used = _pendingEntries * entryBytes;
        if (used + entryBytes > _pending.Length)
        {
            Array.Resize(ref _pending, Math.Min(Math.Max(_pending.Length * 4, entryBytes * 4), PendingEntriesMax * entryBytes));
        }

        entry.CopyTo(_pending.AsSpan(used));
        _pendingEntries++;
    }

    /// <summary>Fills the span with whole entries from the given one on; answers how many there were.</summary>
    protected int ReadEntries(int first, Span<byte> into)
    {
        int wanted = Math.Min(into.Length / entryBytes, Entries - first);
        if (wanted <= 0)
        {
            return 0;
        }

        if (first >= _stored)
        {
            _pending.AsSpan((first - _stored) * entryBytes, wanted * entryBytes).CopyTo(into);
            return wanted;
        }

        wanted = Math.Min(wanted, _stored - first);
        IDiskFile file = _file.Acquire();
        try
        {
            return file.Read((long)first * entryBytes, into[..(wanted * entryBytes)]) / entryBytes;
        }
        finally
        {
            _file.Release();
        }
    }

    protected void TruncateEntriesLocked(int keep)
    {
        Invariant.Require(keep >= 0);
        if (keep >= _stored)
        {
            _pendingEntries = Math.Min(_pendingEntries, keep - _stored);
            return;
        }

        _pendingEntries = 0;
        IDiskFile file = _file.Acquire(DiskOpen.OpenOrCreate);
        try
        {
            file.SetLength((long)keep * entryBytes);
        }
        finally
        {
            _file.Release();
        }

        _stored = keep;
    }

    private void WritePendingLocked()
    {
        if (_pendingEntries == 0)
        {
            return;
        }

        IDiskFile file = _file.Acquire(DiskOpen.OpenOrCreate);
        try
        {
            file.Write((long)_stored * entryBytes, _pending.AsSpan(0, _pendingEntries * entryBytes));
        }
        finally
        {
            _file.Release();
        }

        _stored += _pendingEntries;
        _pendingEntries = 0;
    }

    private void FlushLocked()
    {
        IDiskFile file = _file.Acquire(DiskOpen.OpenOrCreate);
        try
        {
            file.Flush();
        }
        finally
        {
            _file.Release();
        }
    }
}
