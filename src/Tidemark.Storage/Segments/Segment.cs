using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// One segment: its log file and its indexes. Only the active one is appended to, under the log's lock. Readers may look up and read
/// at any time, up to a size that the log has published.
/// </summary>
internal sealed partial class Segment
{
    private readonly IDisk _disk;
    private readonly string _directory;
    private long _bytesSinceIndexEntry;
    private string _tail;

    /// <param name="tail">What follows the files' usual names, while compaction is writing the segment.</param>
    public Segment(
        IDisk disk, OpenFileBudget budget, string directory, long baseOffset, SegmentLengths lengths, long createdMs, string tail = "")
    {
        _disk = disk;
        _directory = directory;
        _tail = tail;
        BaseOffset = baseOffset;
        Size = lengths.Log;
        CreatedMs = createdMs;
        File = new SegmentFile(disk, budget, NameOf(SegmentNames.Log));
        Offsets = new OffsetIndex(disk, budget, NameOf(SegmentNames.OffsetIndex), baseOffset, lengths.OffsetEntries);
        Times = new TimeIndex(disk, budget, NameOf(SegmentNames.TimeIndex), baseOffset, lengths.TimeEntries);
        Aborted = new TransactionIndex(disk, NameOf(SegmentNames.TransactionIndex), lengths.TransactionEntries);
    }

    public long BaseOffset { get; }

    /// <summary>When this process made or found the segment: by it one is rolled whose records have no timestamps, as in Kafka.</summary>
    public long CreatedMs { get; }

    public SegmentFile File { get; }

    public OffsetIndex Offsets { get; }

    public TimeIndex Times { get; }

    public TransactionIndex Aborted { get; }

    /// <summary>Bytes in the log file. Grows under the log's lock only.</summary>
    public int Size { get; private set; }

    /// <summary>Makes the files of a new segment.</summary>
    public void Create()
    {
        File.Acquire(DiskOpen.Create);
        File.Release();
        Offsets.CreateEmpty();
        Times.CreateEmpty();
        Aborted.Clear();
        (_maxTimestamp, _offsetOfMaxTimestamp, _firstTimestamp) = (-1, BaseOffset, NotLoaded);
        Size = 0;
    }

    /// <summary>Writes whole batches at the end in one write and notes them in the indexes.</summary>
    public void Append(ReadOnlySpan<byte> batches, int indexIntervalBytes)
    {
        int position = Size;
        IDiskFile file = File.Acquire();
        try
        {
            file.Write(position, batches);
        }
        finally
        {
            File.Release();
        }

        while (StoredBatch.TryTake(batches, out StoredBatch batch))
        {
            Note(batch, position, indexIntervalBytes);
            position += (int)batch.SizeInBytes;
            batches = batches[(int)batch.SizeInBytes..];
        }

        Size = position;
    }

    /// <summary>Notes a batch that stands at the position: timestamps, and an index entry when enough bytes lie behind the last one.</summary>
    public void Note(StoredBatch batch, int position, int indexIntervalBytes)
    {
        (long maxTimestamp, _) = MaxTimestamp;
        if (batch.MaxTimestamp > maxTimestamp)
        {
            Volatile.Write(ref _offsetOfMaxTimestamp, batch.LastOffset.Value);
            Volatile.Write(ref _maxTimestamp, batch.MaxTimestamp);
        }

        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            Offsets.Append(batch.LastOffset.Value, position);
            Times.AppendIfLater(_maxTimestamp, _offsetOfMaxTimestamp);
            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += batch.SizeInBytes;
    }

    /// <summary>The first batch that ends at or after the offset: its position and size. False when there is none before the limit.</summary>
    public bool TryTranslate(long offset, int limit, out int position, out int bytes)
    {
        position = Offsets.Lookup(offset).Position;
        bytes = 0;
        Span<byte> window = stackalloc byte[512];
        IDiskFile file = File.Acquire();
        try
        {
            while (position + StoredBatch.SizeMin <= limit)
            {
                int start = position;
                int read = file.Read(start, window[..Math.Min(window.Length, limit - start)]);

                // All heads that lie in the window, before reading again.
                while (position - start < read && StoredBatch.TryRead(window[(position - start)..read], out StoredBatch batch))
                {
                    if (batch.SizeInBytes < StoredBatch.SizeMin || position + batch.SizeInBytes > limit)
                    {
                        return false;
                    }

                    if (batch.LastOffset.Value >= offset)
                    {
                        bytes = (int)batch.SizeInBytes;
                        return true;
                    }

                    position += (int)batch.SizeInBytes;
                }

                if (position == start)
                {
                    return false;
                }
            }

            return false;
        }
        finally
        {
            File.Release();
        }
    }

    public int ReadAt(int position, Span<byte> into)
    {
        IDiskFile file = File.Acquire();
        try
        {
            return file.Read(position, into);
        }
        finally
        {
            File.Release();
        }
    }

    /// <summary>Cuts the segment off before the batch that holds the offset. Answers the bytes that went.</summary>
    public int TruncateTo(long offset)
    {
        if (!TryTranslate(offset, Size, out int position, out _))
        {
            // Nothing to cut from the log, yet the indexes must not point at or past the new end.
            position = Size;
        }

        return CutAt(offset, position);
    }

    /// <summary>Cuts the segment off at a position at which the offset begins.</summary>
    public int CutAt(long offset, int position)
    {
        int cut = Size - position;
        Offsets.TruncateTo(offset);
        Times.TruncateTo(offset);
        Aborted.TruncateTo(offset);
        if (cut > 0)
        {
            IDiskFile file = File.Acquire();
            try
            {
                file.SetLength(position);
            }
            finally
            {
                File.Release();
            }
        }

        Size = position;
        _bytesSinceIndexEntry = 0;
        lock (_timesGate)
        {
            _maxTimestamp = NotLoaded;
            _timesAreComplete = false;
        }

        if (position == 0)
        {
            _firstTimestamp = NotLoaded;
        }

        return cut;
    }

    /// <summary>Writes the indexes out, with the largest timestamp as the last entry, so that the next start need not search for it.</summary>
    public void Seal(bool durable)
    {
        NoteMaxTimestamp();
        Offsets.Seal(durable);
        Times.Seal(durable);
    }

    /// <summary>Everything to the disk.</summary>
    public void Flush()
    {
        IDiskFile file = File.Acquire();
        try
        {
            file.Flush();
        }
        finally
        {
            File.Release();
        }

        Aborted.Flush();
    }

    /// <summary>Empties the indexes, to fill them again from the log.</summary>
    public void ClearIndexes()
    {
        Offsets.CreateEmpty();
        Times.CreateEmpty();
        Aborted.Clear();
        (_maxTimestamp, _offsetOfMaxTimestamp, _bytesSinceIndexEntry) = (-1, BaseOffset, 0);
    }

    /// <summary>Gives the files another tail: of a segment that comes the log last, of one that goes the log first.</summary>
    public void MoveTo(string tail, bool logFirst)
    {
        _tail = tail;
        if (logFirst)
        {
            File.Rename(NameOf(SegmentNames.Log));
        }

        Offsets.Rename(NameOf(SegmentNames.OffsetIndex));
        Times.Rename(NameOf(SegmentNames.TimeIndex));
        Aborted.Rename(NameOf(SegmentNames.TransactionIndex));
        if (!logFirst)
        {
            File.Rename(NameOf(SegmentNames.Log));
        }
    }

    /// <summary>Removes the files, the log first: indexes without a log are known to be leftovers, a log without indexes is not.</summary>
    public void Delete()
    {
        File.Retire();
        _disk.DeleteFile(File.Path);
        Offsets.Delete();
        Times.Delete();
        if (Aborted.Entries > 0)
        {
            Aborted.Delete();
        }
    }

    /// <summary>Closes the files as soon as nobody reads them any more.</summary>
    public void Close()
    {
        File.Retire();
        Offsets.Close();
        Times.Close();
    }

    private string NameOf(string suffix) => SegmentNames.Of(_directory, BaseOffset, suffix + _tail);
}
