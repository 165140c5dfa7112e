using System.Buffers;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Compaction;

/// <summary>
/// One run of compaction over one log, in small steps: first the last offset of every key in the dirty part is collected, then the
/// segments from the log's start on are written anew without what is superseded, several small ones into one. A finished segment
/// replaces the old ones in one step; a crash anywhere leaves the old or the new ones.
/// Each step tells how many bytes it read and wrote, so that the caller can space the steps out
/// (<c>log.cleaner.io.max.bytes.per.second</c>).
/// </summary>
public sealed class LogCompaction
{
    private readonly PartitionLog _log;
    private readonly LogSurroundings _surroundings;
    private readonly OffsetMap _map;
    private readonly int _cuts;
    private Segment? _reading;
    private bool _isInVain;

    internal LogCompaction(PartitionLog log, LogSurroundings surroundings, CompactionRange range, long dedupeBufferBytes)
    {
        (_log, _surroundings, Range) = (log, surroundings, range);
        _map = new OffsetMap(dedupeBufferBytes);
        _cuts = log.Cuts;
        CleanedTo = range.FirstDirty;
    }

    /// <summary>What the run was begun for.</summary>
    public CompactionRange Range { get; }

    /// <summary>
    /// After the last step: up to where the log is clean now, which is to be kept as the cleaner's checkpoint. Short of the range's end when
    /// the keys did not fit into the buffer; equal to its beginning when not even one batch fits, and then the buffer is too small, or when
    /// retention or a truncation overtook the run.
    /// </summary>
    public Offset CleanedTo { get; private set; }

    /// <summary>
    /// Retention or a truncation took away what was to be read; a file that is missing is no failure of the disk then. What the run found
    /// out holds no longer, and the next one begins anew.
    /// </summary>
    public bool IsOvertaken => _log.Cuts != _cuts || (_reading is { } segment && Array.IndexOf(_log.SegmentsNow, segment) < 0);

    /// <summary>Bytes of the old segments that were replaced.</summary>
    public long BytesBefore { get; private set; }

    /// <summary>Bytes of the segments that replaced them.</summary>
    public long BytesAfter { get; private set; }

    /// <summary>The steps. Not to be gone through twice.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidRecordException">A batch cannot be decompressed; the partition cannot be compacted.</exception>
    public IEnumerable<int> Steps()
    {
        Segment[] segments = _log.SegmentsNow;
        long first = Range.FirstDirty.Value, end = Range.End.Value;
        var dirtyTransactions = new TransactionFilter(_log.AbortedTransactions(Range.FirstDirty, Range.End));
        bool hasRoom = true;
        for (int i = 0; hasRoom && i + 1 < segments.Length && segments[i].BaseOffset < end; i++)
        {
            if (segments[i + 1].BaseOffset <= first)
            {
                continue;
            }

            _reading = segments[i];
            using var chunks = new BatchChunks(segments[i]);
            while (hasRoom && chunks.MoveNext())
            {
                hasRoom = Collect(chunks.Current, first, dirtyTransactions);
                yield return chunks.Current.Length;
            }
        }

        long cleanedTo = hasRoom ? end : _map.LatestOffset + 1;
        if (cleanedTo <= first)
        {
            yield break;
        }

        if (hasRoom)
        {
            _map.Advance(end - 1);
        }

        // The last segment is written anew as a whole, also where the keys of its end did not fit: the index of that end must not get lost,
        // or readers would take what was aborted there for committed.
        List<Segment[]> groups = SegmentGroups.Of(segments, cleanedTo, _log.Options);
        if (groups.Count == 0)
        {
            // The log was cut to its active segment between the choice of the range and the first step.
            yield break;
        }

        long writtenTo = segments[groups.Sum(group => group.Length)].BaseOffset;
        var transactions = new TransactionFilter(_log.AbortedTransactions(new Offset(segments[0].BaseOffset), new Offset(writtenTo)));
        long lastOffset = LastOffsetOf(groups[^1][^1]);
        using var filter = new BatchFilter(_map, transactions, _log.ProducerTails(), lastOffset, _surroundings.NowMs, _log.Options.DeleteRetentionMs);
        foreach (Segment[] group in groups)
        {
            foreach (int bytes in CleanGroup(group, filter))
            {
                yield return bytes;
            }

            if (_isInVain)
            {
                // What stays in these segments is not clean. Later tombstones have to stay for it, and the next run has to come here again.
                yield break;
            }
        }

        _reading = null;
        CleanedTo = new Offset(cleanedTo);
    }

    private static long LastOffsetOf(Segment segment)
    {
        int position = segment.Offsets.Entries == 0 ? 0 : segment.Offsets.At(segment.Offsets.Entries - 1).Position;
        return SegmentScan.Headers(segment, position, (_, _) => { }).NextOffset - 1;
    }

    private bool Collect(ReadOnlySpan<byte> batches, long first, TransactionFilter transactions)
    {
        for (; StoredBatch.TryTake(batches, out StoredBatch batch); batches = batches[(int)batch.SizeInBytes..])
        {
            if (batch.IsControl)
            {
                transactions.EndsEmpty(batch.Header, out _);
            }
            else if ((batch.IsLegacy || !transactions.IsAborted(batch.Header)) && batch.LastOffset.Value >= first && !CollectKeys(batch, first))
            {
                return false;
            }

            _map.Advance(batch.LastOffset.Value);
        }

        return true;
    }

    private bool CollectKeys(StoredBatch batch, long first)
    {
        using StoredRecords records = batch.Records();
        while (records.MoveNext(out RecordView record))
        {
            // Keys of a batch that did not fit wholly are no harm: what lies behind the map's latest offset is not judged by it.
            if (!record.Key.IsNull && record.Offset >= first && !_map.TryPut(record.Key.Span, record.Offset))
            {
                return false;
            }
        }

        records.ThrowIfFaulty();
        return true;
    }

    private IEnumerable<int> CleanGroup(Segment[] group, BatchFilter filter)
    {
        Segment cleaned = _log.NewCleanedSegment(group[0]);
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        bool replaced = false;
        try
        {
            foreach (Segment old in group)
            {
                _reading = old;
                using var chunks = new BatchChunks(old);
                while (chunks.MoveNext())
                {
                    output.ResetWrittenCount();
                    FilterAll(chunks.Current, filter, cleaned, output);
                    if (output.WrittenCount > 0)
                    {
                        cleaned.Append(output.WrittenSpan, _log.Options.IndexIntervalBytes);
                    }

                    yield return chunks.Current.Length + output.WrittenCount;
                }
            }

            cleaned.Seal(durable: true);
            cleaned.Flush();

            // By its date a segment without timestamps is kept or removed.
            cleaned.WrittenMs = group[^1].WrittenMs;
            replaced = _log.ReplaceSegments(group, cleaned, _cuts);
            if (replaced)
            {
                BytesBefore += group.Sum(segment => (long)segment.Size);
                BytesAfter += cleaned.Size;
            }
        }
        finally
        {
            if (!replaced)
            {
                cleaned.Close();
            }
        }

        if (!replaced)
        {
            // Retention or a truncation took one of the old segments meanwhile; the work was for nothing.
            cleaned.Delete();
            _isInVain = true;
        }
    }

    private static void FilterAll(ReadOnlySpan<byte> batches, BatchFilter filter, Segment target, ArrayBufferWriter<byte> output)
    {
        for (; StoredBatch.TryTake(batches, out StoredBatch batch); batches = batches[(int)batch.SizeInBytes..])
        {
            output.Write(filter.Apply(batch, target));
        }
    }
}
