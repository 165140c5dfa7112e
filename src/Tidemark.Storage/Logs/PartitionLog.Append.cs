using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>
    /// Appends batches that were checked before: gives them offsets and the leader's epoch, in place (the checksum covers neither), and
    /// writes them in one write. A batch that a producer sent before is not appended again.
    /// </summary>
    /// <param name="batches">One or several whole batches. Their first bytes are overwritten.</param>
    /// <param name="epoch">The leader's epoch; it must not be older than the newest one here.</param>
    /// <returns>
    /// None; InvalidProducerEpoch, OutOfOrderSequenceNumber, TransactionCoordinatorFenced of the producer's state; RecordListTooLarge for more
    /// than a segment holds; CorruptMessage when these are no batches; KafkaStorageError when the disk failed, now or before.
    /// </returns>
    public AppendResult AppendAsLeader(Span<byte> batches, LeaderEpoch epoch, AppendOrigin origin = AppendOrigin.Client)
    {
        if (batches.Length > Options.SegmentBytes)
        {
            return AppendResult.Refused(ErrorCode.RecordListTooLarge, LogEndOffset);
        }

        AppendResult result = AppendAsLeaderLocked(batches, epoch, origin);
        return FlushIfMany(result);
    }

    /// <summary>
    /// Appends batches as the leader wrote them, offsets and epochs included; a torn last one is left out. Sequences are not checked: the
    /// leader did (KAFKA-6003).
    /// </summary>
    /// <returns>
    /// None; CorruptMessage when a checksum is wrong; OffsetOutOfRange when the first offset is below this log's end, which means that the
    /// response was for another state of this log; KafkaStorageError.
    /// </returns>
    public AppendResult AppendAsFollower(ReadOnlySpan<byte> batches)
    {
        AppendResult result = AppendAsFollowerLocked(batches);
        return FlushIfMany(result);
    }

    /// <summary>Begins a new segment at the log's end, unless the active one is empty.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Roll()
    {
        lock (_gate)
        {
            RequireUsable();
            GuardWrites(() =>
            {
                if (_segments[^1].Size > 0)
                {
                    RollTo(_end.Offset);
                }
            });
        }
    }

    private AppendResult AppendAsLeaderLocked(Span<byte> batches, LeaderEpoch epoch, AppendOrigin origin)
    {
        lock (_gate)
        {
            if (_failed)
            {
                return AppendResult.Refused(ErrorCode.KafkaStorageError, LogEndOffset);
            }

            long first = _end.Offset;
            long next = first;
            long maxTimestamp = -1;
            bool producers = false;
            for (Span<byte> rest = batches; !rest.IsEmpty;)
            {
                if (!BatchFrame.TryTake(rest, out RecordBatchHeader head))
                {
                    return AppendResult.Refused(ErrorCode.CorruptMessage, LogEndOffset);
                }

                int bytes = (int)head.SizeInBytes;
                if (head.HasProducerId)
                {
                    // Two batches of a producer in one append would have to be checked against each other; Kafka's clients send one.
                    BatchMemory? duplicate = null;
                    ErrorCode error = producers && origin == AppendOrigin.Client
                        ? ErrorCode.InvalidRecord
                        : CheckProducer(head, origin, out duplicate);
                    producers = true;
                    if (error != ErrorCode.None)
                    {
                        return AppendResult.Refused(error, LogEndOffset);
                    }

                    if (duplicate is { } known)
                    {
                        return new AppendResult(
                            ErrorCode.None, new Offset(known.FirstOffset), new Offset(known.LastOffset), LogEndOffset, true, known.Timestamp);
                    }
                }

                maxTimestamp = Math.Max(maxTimestamp, head.MaxTimestamp);
                int delta = head.LastOffsetDelta;
                RecordBatchHeader.Stamp(rest, new Offset(next), epoch);
                next += delta + 1L;
                rest = rest[bytes..];
            }

            if (next == first)
            {
                return AppendResult.Refused(ErrorCode.InvalidRecord, LogEndOffset);
            }

            Epochs.Assign(epoch, new Offset(first));
            return Write(batches, first, next, maxTimestamp, producers);
        }
    }

    private AppendResult AppendAsFollowerLocked(ReadOnlySpan<byte> batches)
    {
        lock (_gate)
        {
            if (_failed)
            {
                return AppendResult.Refused(ErrorCode.KafkaStorageError, LogEndOffset);
            }

            long expected = _end.Offset;
            long first = -1;
            long maxTimestamp = -1;
            bool producers = false;
            int bytes = 0;
            for (ReadOnlySpan<byte> rest = batches; BatchFrame.TryTake(rest, out RecordBatchHeader head); rest = rest[(int)head.SizeInBytes..])
            {
                if (head.BaseOffset.Value < expected)
                {
                    return AppendResult.Refused(ErrorCode.OffsetOutOfRange, LogEndOffset);
                }

                if (!head.CrcIsValid())
                {
                    return AppendResult.Refused(ErrorCode.CorruptMessage, LogEndOffset);
                }

                first = first < 0 ? head.BaseOffset.Value : first;
                expected = head.LastOffset.Value + 1;
                maxTimestamp = Math.Max(maxTimestamp, head.MaxTimestamp);
                producers |= head.HasProducerId;
                bytes += (int)head.SizeInBytes;
            }

            if (first < 0)
            {
                return new AppendResult(ErrorCode.None, LogEndOffset, LogEndOffset - 1, LogEndOffset);
            }

            for (ReadOnlySpan<byte> rest = batches[..bytes]; BatchFrame.TryTake(rest, out RecordBatchHeader head); rest = rest[(int)head.SizeInBytes..])
            {
                if (head.LeaderEpoch > Epochs.Latest)
                {
                    Epochs.Assign(head.LeaderEpoch, head.BaseOffset);
                }
            }

            return Write(batches[..bytes], first, expected, maxTimestamp, producers);
        }
    }

    private AppendResult FlushIfMany(AppendResult result)
    {
        if (result.Error != ErrorCode.None || result.End - RecoveryPoint < Options.FlushMessages)
        {
            return result;
        }

        try
        {
            Flush();
            return result;
        }
        catch (IOException)
        {
            return AppendResult.Refused(ErrorCode.KafkaStorageError, LogEndOffset);
        }
    }

    private ErrorCode CheckProducer(RecordBatchHeader head, AppendOrigin origin, out BatchMemory? duplicate)
    {
        duplicate = null;
        if (origin == AppendOrigin.Client)
        {
            return _producers.Check(head, out duplicate);
        }

        return origin == AppendOrigin.Coordinator && head.IsControl && TransactionMarker.TryRead(head, out TransactionMarker marker)
            ? _producers.CheckMarker(head, marker)
            : ErrorCode.None;
    }

    private AppendResult Write(ReadOnlySpan<byte> batches, long first, long next, long maxTimestamp, bool producers)
    {
        try
        {
            Segment active = _segments[^1];
            LogOptions options = Options;
            if (MustRoll(active, options, batches.Length, next - 1, maxTimestamp))
            {
                // An empty segment is too far below only when a follower jumps ahead over compacted offsets; the new one begins there.
                RollTo(active.Size == 0 || first - active.BaseOffset > int.MaxValue ? first : _end.Offset);
                active = _segments[^1];
            }

            active.Append(batches, options.IndexIntervalBytes);
            if (producers)
            {
                RememberProducers(batches, active);
            }

            Publish(_end.Next(next, active, active.Size));
            return new AppendResult(ErrorCode.None, new Offset(first), new Offset(next - 1), new Offset(next));
        }
        catch (IOException e)
        {
            return Fence(e);
        }
    }

    private void RememberProducers(ReadOnlySpan<byte> batches, Segment active)
    {
        for (; BatchFrame.TryTake(batches, out RecordBatchHeader head); batches = batches[(int)head.SizeInBytes..])
        {
            ProducerReplay.Apply(_producers, head, active);
        }

        PublishFirstUnstable();
    }

    private bool MustRoll(Segment active, LogOptions options, int bytes, long lastOffset, long maxTimestamp)
    {
        if (lastOffset - active.BaseOffset > int.MaxValue)
        {
            return true;
        }

        if (active.Size == 0)
        {
            return false;
        }

        if ((long)active.Size + bytes > options.SegmentBytes
            || active.Offsets.Entries >= options.IndexBytesMax / OffsetIndex.EntryBytes
            || active.Times.Entries >= (options.IndexBytesMax / TimeIndex.EntryBytes) - 1)
        {
            return true;
        }

        // By the records' own time, so that replicas roll alike; by the clock only where there are no timestamps.
        long waited = active.FirstTimestamp >= 0 && maxTimestamp >= 0
            ? maxTimestamp - active.FirstTimestamp
            : _surroundings.NowMs - active.CreatedMs;
        return waited > options.SegmentMs - Jitter(active, options);
    }

    /// <summary>Spread evenly by partition and segment; the same on every replica and in every run.</summary>
    private long Jitter(Segment active, LogOptions options)
    {
        long range = Math.Min(options.SegmentJitterMs, options.SegmentMs);
        if (range <= 0)
        {
            return 0;
        }

        ulong hash = 14695981039346656037;
        foreach (char c in Partition.Topic)
        {
            hash = (hash ^ c) * 1099511628211;
        }

        hash = (hash ^ (uint)Partition.Partition) * 1099511628211;
        hash = (hash ^ (ulong)active.BaseOffset) * 1099511628211;
        return (long)((hash >> 11) % (ulong)range);
    }

    private void RollTo(long baseOffset)
    {
        Segment last = _segments[^1];
        if (last.BaseOffset == baseOffset)
        {
            Invariant.Require(last.Size == 0);
            return;
        }

        if (last.Size == 0)
        {
            // It never held anything, and its base would only be in the way.
            _segments = [.. _segments.AsSpan()[..^1], NewSegment(baseOffset)];
            last.Delete();
        }
        else
        {
            last.Seal(durable: false);
            _segments = [.. _segments, NewSegment(baseOffset)];
        }

        _end = new LogEnd(_end.Offset, _segments[^1], 0, null);
        _unwrittenSnapshots.Add((baseOffset, ProducerSnapshot.Encode(_producers.Entries)));
        if (_unwrittenSnapshots.Count > 8)
        {
            // Whoever should flush is far behind. Each later snapshot can stand in for an earlier one.
            _unwrittenSnapshots.RemoveAt(0);
        }

        _surroundings.Events.Rolled(this, new Offset(baseOffset));
    }

    private Segment NewSegment(long baseOffset)
    {
        var segment = new Segment(
            _surroundings.Disk, _surroundings.Files, Directory, baseOffset, SegmentLengths.Empty, _surroundings.NowMs);
        segment.Create();
        return segment;
    }

    private void GuardWrites(Action work)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            Fence(e);
            throw;
        }
    }
}
