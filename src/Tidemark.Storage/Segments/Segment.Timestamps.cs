using Tidemark.Records;
using Tidemark.Storage.Files;

namespace Tidemark.Storage.Segments;

/// <summary>How old a segment's records are: read from the batches only when somebody asks, then kept.</summary>
internal sealed partial class Segment
{
    private const long NotLoaded = long.MinValue;
    private readonly Lock _timesGate = new();
    private long _maxTimestamp = NotLoaded;
    private long _offsetOfMaxTimestamp;
    private long _firstTimestamp = NotLoaded;
    private bool _timesAreComplete = true;

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

    /// <summary>How new its records are: the largest timestamp, or where there is none, when the file was last written, which no restart changes.</summary>
    public long NewestMs => MaxTimestamp.Timestamp is >= 0 and var newest ? newest : WrittenMs;

    /// <summary>When the log file was last written.</summary>
    public long WrittenMs
    {
        get
        {
            IDiskFile file = File.Acquire();
            try
            {
                return file.ModifiedMs;
            }
            finally
            {
                File.Release();
            }
        }

        set
        {
            IDiskFile file = File.Acquire();
            try
            {
                file.ModifiedMs = value;
            }
            finally
            {
                File.Release();
            }
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
                if (!StoredBatch.TryRead(head[..ReadAt(0, head[..Math.Min(Size, head.Length)])], out StoredBatch first))
                {
                    return -1;
                }

                _firstTimestamp = first.MaxTimestamp;
            }

            return _firstTimestamp;
        }
    }

    /// <summary>Adds the largest timestamp to the time index, unless it stands there.</summary>
    public void NoteMaxTimestamp()
    {
        (long timestamp, long offset) = MaxTimestamp;
        if (timestamp >= 0)
        {
            Times.AppendIfLater(timestamp, offset);
        }
    }

    /// <summary>
    /// The time index is not necessarily as it was written: a clean stop, for one, does not flush that of the active segment, and a loss of power
    /// afterwards may have taken its end. What it says is held against the batches, when somebody asks.
    /// </summary>
    public void DistrustTimes() => _timesAreComplete = false;

    private void LoadMaxTimestamp()
    {
        // Whoever reads has no lock of the log's, and must not put an older answer over that of an append.
        lock (_timesGate)
        {
            if (Volatile.Read(ref _maxTimestamp) != NotLoaded)
            {
                return;
            }

            // A segment that was sealed has its largest timestamp as the last entry. Otherwise the batches behind the last entry have to be
            // looked at, and where there is no entry, all of them.
            (long Timestamp, long Offset) largest = Times.Last;
            if ((!_timesAreComplete || largest.Timestamp < 0) && !TryScanTimes(ref largest))
            {
                Times.TruncateTo(BaseOffset);
                largest = (-1, BaseOffset);
                TryScanTimes(ref largest);
            }

            Volatile.Write(ref _offsetOfMaxTimestamp, largest.Offset);
            Volatile.Write(ref _maxTimestamp, largest.Timestamp);
        }
    }

    /// <summary>Goes on from an entry of the time index to the end. False when the batches say that the entry cannot be true.</summary>
    private bool TryScanTimes(ref (long Timestamp, long Offset) largest)
    {
        (long entryTimestamp, long entryOffset) = largest;
        bool isConfirmed = entryTimestamp < 0;
        int position = Offsets.Lookup(entryOffset).Position;
        Span<byte> head = stackalloc byte[RecordBatchHeader.Size];
        for (int limit = Size; position + StoredBatch.SizeMin <= limit;)
        {
            int read = ReadAt(position, head[..Math.Min(head.Length, limit - position)]);
            if (!StoredBatch.TryRead(head[..read], out StoredBatch batch) || batch.SizeInBytes < StoredBatch.SizeMin)
            {
                break;
            }

            if (!isConfirmed && batch.LastOffset.Value >= entryOffset)
            {
                isConfirmed = batch.MaxTimestamp >= entryTimestamp;
                if (!isConfirmed)
                {
                    return false;
                }
            }

            if (batch.MaxTimestamp > largest.Timestamp)
            {
                largest = (batch.MaxTimestamp, batch.LastOffset.Value);
            }

            position += (int)Math.Min(batch.SizeInBytes, int.MaxValue - position);
        }

        return isConfirmed;
    }
}
