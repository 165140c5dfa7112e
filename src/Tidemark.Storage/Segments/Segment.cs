using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>
/// One segment: its log file and its indexes. Only the active one is appended to, under the log's lock. Readers may look up and read
/// at any time, up to a size that the log has published.
/// </summary>
internal sealed class Segment
{
    private const long NotLoaded = long.MinValue;
    private readonly IDisk _disk;
    private readonly string _directory;
    private long _bytesSinceIndexEntry;
    private long _maxTimestamp = NotLoaded;
    private long _offsetOfMaxTimestamp;
    private long _firstTimestamp = NotLoaded;
    private bool _timesAreComplete = true;
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

    /// <summary>When this process made or found the segment: the age of one whose records have no timestamps.</summary>
    public long CreatedMs { get; }

    public SegmentFile File { get; }

    public OffsetIndex Offsets { get; }

    public TimeIndex Times { get; }

    public TransactionIndex Aborted { get; }

    /// <summary>Bytes in the log file. Grows under the log's lock only.</summary>
    public int Size { get; private set; }

    /// <summary>The largest timestamp in the segment and the last offset of its batch; (-1, base) when there is none.</summary>
    public (long Timestamp, long Offset) MaxTimestamp
    {
        get
        {
            if (Volatile.Read(ref _maxTimestamp) == NotLoaded)
            {
                LoadMaxTimestamp();
            }

            return (Volatile.Read(ref _maxTimestamp), Volatile.Read(ref _offsetOfMaxTimestamp));
        }
    }

    /// <summary>The largest timestamp of the first batch, from which the segment's age is counted; -1 when it has none.</summary>
    public long FirstTimestamp
    {
        get
        {
            if (_firstTimestamp == NotLoaded)
            {
                Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
                bool whole = Size >= RecordBatchHeader.Size && ReadAt(0, head) == head.Length;
                if (!whole)
                {
                    return -1;
                }

                _firstTimestamp = new RecordBatchHeader(head).MaxTimestamp;
            }

            return _firstTimestamp;
        }
    }

    /// <summary>Makes the files of a new segment.</summary>
    public void Create()
    {
        File.Acquire(DiskOpen.Create);
        File.Release();
        Offsets.CreateEmpty();
        Times.CreateEmpty();
        Aborted.Delete();
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

        while (BatchFrame.TryTake(batches, out RecordBatchHeader head))
        {
            Note(head, position, indexIntervalBytes);
            position += (int)head.SizeInBytes;
            batches = batches[(int)head.SizeInBytes..];
        }

        Size = position;
    }

    /// <summary>Notes a batch that stands at the position: timestamps, and an index entry when enough bytes lie behind the last one.</summary>
    public void Note(RecordBatchHeader head, int position, int indexIntervalBytes)
    {
        (long maxTimestamp, _) = MaxTimestamp;
        if (head.MaxTimestamp > maxTimestamp)
        {
            Volatile.Write(ref _offsetOfMaxTimestamp, head.LastOffset.Value);
            Volatile.Write(ref _maxTimestamp, head.MaxTimestamp);
        }

        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            Offsets.Append(head.LastOffset.Value, position);
            Times.AppendIfLater(_maxTimestamp, _offsetOfMaxTimestamp);
            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += head.SizeInBytes;
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
            while (position + RecordBatchHeader.Size <= limit)
            {
                int start = position;
                int read = file.Read(start, window[..Math.Min(window.Length, limit - start)]);
                if (read < RecordBatchHeader.Size)
                {
                    return false;
                }

                // All headers that lie in the window, before reading again.
                while (position - start + RecordBatchHeader.Size <= read)
                {
                    var head = new RecordBatchHeader(window[(position - start)..read]);
                    if (head.SizeInBytes < RecordBatchHeader.Size || position + head.SizeInBytes > limit)
                    {
                        return false;
                    }

                    if (head.LastOffset.Value >= offset)
                    {
                        bytes = (int)head.SizeInBytes;
                        return true;
                    }

                    position += (int)head.SizeInBytes;
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
        _maxTimestamp = NotLoaded;
        _timesAreComplete = false;
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

    public void NoteMaxTimestamp()
    {
        (long timestamp, long offset) = MaxTimestamp;
        if (timestamp >= 0)
        {
            Times.AppendIfLater(timestamp, offset);
        }
    }

    /// <summary>Empties the indexes, to fill them again from the log.</summary>
    public void ClearIndexes()
    {
        Offsets.CreateEmpty();
        Times.CreateEmpty();
        Aborted.Delete();
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

    private void LoadMaxTimestamp()
    {
        // A segment that was sealed or closed has its largest timestamp as the last entry. After a truncation the batches behind
        // the last entry have to be looked at, and where there is no entry, all of them.
        (long timestamp, long offset) = Times.Last;
        if (_timesAreComplete && timestamp >= 0)
        {
            Volatile.Write(ref _offsetOfMaxTimestamp, offset);
            Volatile.Write(ref _maxTimestamp, timestamp);
            return;
        }

        int position = Offsets.Lookup(offset).Position;
        Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
        for (int limit = Size; position + RecordBatchHeader.Size <= limit && ReadAt(position, head) == head.Length;)
        {
            var batch = new RecordBatchHeader(head);
            if (batch.SizeInBytes < RecordBatchHeader.Size)
            {
                break;
            }

            if (batch.MaxTimestamp > timestamp)
            {
                (timestamp, offset) = (batch.MaxTimestamp, batch.LastOffset.Value);
            }

            position += (int)Math.Min(batch.SizeInBytes, int.MaxValue - position);
        }

        Volatile.Write(ref _offsetOfMaxTimestamp, offset);
        Volatile.Write(ref _maxTimestamp, timestamp);
    }
}

/// <summary>What the listing of a directory says of a segment's files; -1 for an index that is absent.</summary>
internal readonly record struct SegmentLengths(int Log, long OffsetIndex, long TimeIndex, long TransactionIndex)
{
    public static readonly SegmentLengths Empty = new(0, 0, 0, -1);

    public int OffsetEntries => (int)(Math.Max(OffsetIndex, 0) / Segments.OffsetIndex.EntryBytes);

    public int TimeEntries => (int)(Math.Max(TimeIndex, 0) / Segments.TimeIndex.EntryBytes);

    public int TransactionEntries => (int)(Math.Max(TransactionIndex, 0) / Segments.TransactionIndex.EntryBytes);

    /// <summary>Whether both indexes are there and consist of whole entries.</summary>
    public bool HasWholeIndexes =>
        OffsetIndex >= 0 && TimeIndex >= 0
        && OffsetIndex % Segments.OffsetIndex.EntryBytes == 0 && TimeIndex % Segments.TimeIndex.EntryBytes == 0;
}
