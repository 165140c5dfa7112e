using Tidemark.Records;

namespace Tidemark.Storage.Segments;

/// <summary>How old a segment's records are: read from the batches only when somebody asks, then kept.</summary>
internal sealed partial class Segment
{
    private const long NotLoaded = long.MinValue;
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
        for (int limit = Size; position + StoredBatch.SizeMin <= limit;)
        {
            int read = ReadAt(position, head[..Math.Min(head.Length, limit - position)]);
            if (!StoredBatch.TryRead(head[..read], out StoredBatch batch) || batch.SizeInBytes < StoredBatch.SizeMin)
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
