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
    /// None; InvalidProducerEpoch, OutOfOrderSequenceNumber, InvalidTxnState, TransactionCoordinatorFenced of the producer's state;
    /// RecordListTooLarge for more than a segment holds, unless the quorum writes; CorruptMessage when these are no batches; KafkaStorageError when the disk failed,
    /// now or before.
    /// </returns>
    public AppendResult AppendAsLeader(Span<byte> batches, LeaderEpoch epoch, AppendTerms terms = default)
    {
        // The controller's changes are not divided, and nobody can send a smaller one in their place: they get a segment of their own.
        if (batches.Length > Options.SegmentBytes && terms.Origin != AppendOrigin.Quorum)
        {
            return AppendResult.Refused(ErrorCode.RecordListTooLarge, LogEndOffset);
        }

        AppendResult result = AppendAsLeaderLocked(batches, epoch, terms);
        return FlushIfMany(result);
    }

    /// <summary>
    /// Appends batches as the leader wrote them, offsets and epochs included; a torn last one is left out. Sequences are not checked: the
    /// leader did (KAFKA-6003).
    /// </summary>
    /// <param name="newest">
    /// The epoch of the leader that sent them; null where nobody did. What names a later one, and all behind it, is left out: the leader lost its
    /// leadership while it sent the answer, cut its log and took over other records in the place of those that were read. What it had sent before need not
    /// be in the log of the leader after it, and who held both could no longer tell where he parted from it (KAFKA-18723).
    /// </param>
    /// <returns>
    /// None; CorruptMessage when a checksum is wrong; OffsetOutOfRange when the first offset is below this log's end, which means that the
    /// response was for another state of this log; KafkaStorageError.
    /// </returns>
    public AppendResult AppendAsFollower(ReadOnlySpan<byte> batches, LeaderEpoch? newest = null)
    {
        try
        {
            MakeRoomBefore(batches, newest);
        }
        catch (IOException)
        {
            return AppendResult.Refused(ErrorCode.KafkaStorageError, LogEndOffset);
        }

        AppendResult result = AppendAsFollowerLocked(batches, newest);
        return FlushIfMany(result);
    }

    /// <summary>The next batch, unless it is of a later leader than the newest that may have written it.</summary>
    private static bool TryTakeUpTo(LeaderEpoch? newest, ReadOnlySpan<byte> batches, out StoredBatch batch) =>
        StoredBatch.TryTake(batches, out batch) && !(batch.LeaderEpoch > newest);

    private AppendResult AppendAsLeaderLocked(Span<byte> batches, LeaderEpoch epoch, in AppendTerms terms)
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
                // What is older than format 2 is kept where it is and never written anew by a leader.
                if (!StoredBatch.TryTake(rest, out StoredBatch batch) || batch.IsLegacy)
                {
                    return AppendResult.Refused(ErrorCode.CorruptMessage, LogEndOffset);
                }

                RecordBatchHeader head = batch.Header;
                int bytes = (int)head.SizeInBytes;
                if (head.HasProducerId)
                {
                    // Two batches of a producer in one append would have to be checked against each other; Kafka's clients send one.
                    BatchMemory? duplicate = null;
                    ErrorCode error = producers && terms.Origin == AppendOrigin.Client
                        ? ErrorCode.InvalidRecord
                        : CheckProducer(head, terms, out duplicate);
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
            return Write(batches, first, next, maxTimestamp, producers, terms.TransactionVersion);
        }
    }

    private AppendResult AppendAsFollowerLocked(ReadOnlySpan<byte> batches, LeaderEpoch? newest)
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
            bool gaps = false;
            int bytes = 0;
            for (ReadOnlySpan<byte> rest = batches; TryTakeUpTo(newest, rest, out StoredBatch head); rest = rest[(int)head.SizeInBytes..])
            {
                if (head.BaseOffset.Value < expected)
                {
                    return AppendResult.Refused(ErrorCode.OffsetOutOfRange, LogEndOffset);
                }

                if (!head.CrcIsValid())
                {
                    return AppendResult.Refused(ErrorCode.CorruptMessage, LogEndOffset);
                }

                gaps |= head.HasBaseOffset && head.BaseOffset.Value > expected;
                first = first >= 0 ? first : head.HasBaseOffset ? head.BaseOffset.Value : expected;
                expected = head.LastOffset.Value + 1;
                maxTimestamp = Math.Max(maxTimestamp, head.MaxTimestamp);
                producers |= head.HasProducerId && !Plants.IsOn(Plant.ProducerStateNotReplicated);
                bytes += (int)head.SizeInBytes;
            }

            if (first < 0)
            {
                return new AppendResult(ErrorCode.None, LogEndOffset, LogEndOffset - 1, LogEndOffset);
            }

            if (gaps)
            {
                try
                {
                    ExpectGaps();
                }
                catch (IOException e)
                {
                    return Fence(e);
                }
            }

            for (ReadOnlySpan<byte> rest = batches[..bytes]; StoredBatch.TryTake(rest, out StoredBatch head); rest = rest[(int)head.SizeInBytes..])
            {
                // Also when a later epoch is noted here: as a leadership under which nothing was written, in a log that lost its end since. The
                // leader's batches are right, and the note would have followers cut off what they hold.
                if (head.LeaderEpoch.IsKnown && head.LeaderEpoch != Epochs.Latest)
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

    private ErrorCode CheckProducer(RecordBatchHeader head, in AppendTerms terms, out BatchMemory? duplicate)
    {
        duplicate = null;
        return terms.Origin == AppendOrigin.Quorum ? ErrorCode.None
            : !head.IsControl ? _producers.Check(head, terms, out duplicate)
            : TransactionMarker.TryRead(head, out TransactionMarker marker) ? _producers.CheckMarker(head, marker, terms.TransactionVersion)
            : ErrorCode.None;
    }

    private AppendResult Write(ReadOnlySpan<byte> batches, long first, long next, long maxTimestamp, bool producers, short transactionVersion = 0)
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
                RememberProducers(batches, active, transactionVersion);
            }

            Publish(_end.Next(next, active, active.Size));
            return new AppendResult(ErrorCode.None, new Offset(first), new Offset(next - 1), new Offset(next));
        }
        catch (IOException e)
        {
            return Fence(e);
        }
    }

    private void RememberProducers(ReadOnlySpan<byte> batches, Segment active, short transactionVersion)
    {
        bool hadAborted = active.Aborted.Entries > 0;
        for (; StoredBatch.TryTake(batches, out StoredBatch batch); batches = batches[(int)batch.SizeInBytes..])
        {
            ProducerReplay.Apply(_producers, batch, active, transactionVersion);
        }

        if (!hadAborted && active.Aborted.Entries > 0)
        {
            // A file has come into the directory; its name has to survive as well.
            _namesFlushedFor = -1;
        }

        PublishFirstUnstable();
    }
}
