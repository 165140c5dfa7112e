using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>Where a follower stands, as its next fetch tells the leader.</summary>
/// <param name="Follower">The follower's role in this epoch; whatever comes back is handed in with it.</param>
public readonly record struct FollowerPosition(PartitionFollower Follower, Offset End, LeaderEpoch LastEpoch, Offset LogStart);

public sealed partial class Partition
{
    private volatile PartitionFollower? _follower;

    /// <summary>The role in the epoch in which this replica follows; null while it leads or serves nobody.</summary>
    public PartitionFollower? Follower => _follower;

    /// <summary>
    /// Metadata says that another broker leads. Every new leader epoch begins a new role, under the same leader too, so that answers to
    /// what was asked before mean nothing any more. True when a new role began.
    /// </summary>
    public bool Follow(BrokerId leader, LeaderEpoch epoch)
    {
        Wakeups wake;
        lock (_lock)
        {
            if (epoch == _epoch && (_follower is not null || _log is null))
            {
                return false;
            }

            Invariant.Require(epoch >= _epoch);
            _epoch = epoch;
            _leader = null;
            if (_log is { } log)
            {
                RemoveDamaged(log);
            }

            _follower = _log is null || leader == BrokerId.None ? null : new PartitionFollower(leader, epoch);
            if (Plants.IsOn(Plant.TruncateToHighWatermark) && _follower is not null)
            {
                _log!.TruncateTo(HighWatermark);
            }

            wake = new Wakeups(_waiters.TakeReaders(long.MaxValue), _waiters.TakeDecided(_ => ErrorCode.NotLeaderOrFollower));
        }

        wake.Run();
        return _follower is not null;
    }

    /// <summary>A new role begins: what the log holds of epochs that there never were goes first.</summary>
    private void RemoveDamaged(PartitionLog log)
    {
        try
        {
            if (log.RemoveEpochsAbove(_epoch))
            {
                KeepHighWatermarkWithin(log);
            }
        }
        catch (IOException)
        {
            // The log has told of its disk itself.
        }
    }

    /// <summary>Where to fetch from next; null while there is nothing to fetch.</summary>
    public FollowerPosition? Position()
    {
        lock (_lock)
        {
            return _follower is { IsFenced: false } follower && _log is { IsFailed: false } log
                ? new FollowerPosition(follower, log.LogEndOffset, Plants.IsOn(Plant.SkipEpochTruncation) ? LeaderEpoch.Unknown : log.Epochs.Latest, log.LogStart)
                : null;
        }
    }

    /// <summary>
    /// Takes a leader's answer, all under the partition's lock: that the role, the epoch and the log's end are still those that were asked
    /// for is checked there, because a late answer must not touch a replica that has become leader meanwhile.
    /// </summary>
    /// <returns>What the fetcher has to do next; Append when the answer was taken.</returns>
    public FollowerAction TakeAnswer(PartitionFollower role, in FollowerAnswer answer, ReadOnlySpan<byte> records)
    {
        Wakeups wake;
        lock (_lock)
        {
            if ((!ReferenceEquals(role, _follower) && !Plants.IsOn(Plant.LateAnswerTaken)) || _log is not { IsFailed: false } log)
            {
                return FollowerAction.Ignore;
            }

            FollowerStep step = role.OnAnswer(answer, Of(log));
            if (step.Action != FollowerAction.Append)
            {
                return Cut(log, step);
            }

            AppendResult appended = log.AppendAsFollower(records, role.Epoch);
            if (appended.Error != ErrorCode.None)
            {
                return appended.Error == ErrorCode.KafkaStorageError ? FollowerAction.AwaitMetadata : FollowerAction.Retry;
            }

            Offset before = HighWatermark;
            MoveHighWatermark(log, PartitionFollower.HighWatermark(HighWatermark, step.LeaderHighWatermark, Of(log)));
            if (step.LeaderLogStart > log.LogStart)
            {
                log.AdvanceLogStart(Offset.Min(step.LeaderLogStart, HighWatermark));
            }

            // The records that a reader may have now came with an earlier answer, and this one, which tells that they are committed, need not bring any.
            wake = HighWatermark > before ? new Wakeups(_waiters.TakeReaders(long.MaxValue / 2), null) : default;
        }

        wake.Run();
        return FollowerAction.Append;
    }

    /// <summary>Takes what the leader said of its log's bounds.</summary>
    public FollowerAction TakeBounds(PartitionFollower role, Offset leaderStart, Offset leaderEnd)
    {
        lock (_lock)
        {
            return ReferenceEquals(role, _follower) && _log is { IsFailed: false } log
                ? Cut(log, role.OnBounds(role.Epoch, leaderStart, leaderEnd, Of(log)))
                : FollowerAction.Ignore;
        }
    }

    private static FollowerLog Of(PartitionLog log) => new(log.LogStart, log.LogEndOffset, new EpochsOf(log));

    private FollowerAction Cut(PartitionLog log, in FollowerStep step)
    {
        try
        {
            if (step.Action == FollowerAction.Truncate)
            {
                log.TruncateTo(Offset.Max(step.At, Offset.Zero));
            }
            else if (step.Action == FollowerAction.Restart)
            {
                log.TruncateFullyAndStartAt(step.At);
            }
            else
            {
                return step.Action;
            }
        }
        catch (IOException)
        {
            // The log has told of its disk itself.
            return FollowerAction.AwaitMetadata;
        }

        KeepHighWatermarkWithin(log);
        return step.Action;
    }

    /// <summary>After a cut.</summary>
    private void KeepHighWatermarkWithin(PartitionLog log) =>
        MoveHighWatermark(log, PartitionFollower.HighWatermark(HighWatermark, HighWatermark, Of(log)));

    private void MoveHighWatermark(PartitionLog log, Offset highWatermark)
    {
        Volatile.Write(ref _highWatermark, highWatermark.Value);
        log.AdvanceHighWatermark(highWatermark);
    }

    private sealed class EpochsOf(PartitionLog log) : IEpochHistory
    {
        public EpochEnd? FindEnd(LeaderEpoch asked) =>
            log.EndOffsetForEpoch(asked, out LeaderEpoch epoch, out Offset end) ? new EpochEnd(epoch, end) : null;
    }
}
