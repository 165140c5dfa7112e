using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

public sealed partial class Partition
{
    /// <summary>
    /// Reads for a consumer or a follower. Consumers see what is committed, and with read_committed what is settled. A replica that follows
    /// serves only consumers that know of it (KIP-392), up to its own high watermark.
    /// </summary>
    public PartitionReadResult Read(in PartitionRead read)
    {
        ErrorCode error = CheckServing(out PartitionLog log, out PartitionLeader leader);
        LeaderEpoch own = leader?.Epoch ?? LeaderEpoch.Unknown;
        if (leader is null && error == ErrorCode.NotLeaderOrFollower && read is { Follower: null, MayReadAtFollower: true } && _follower is { } role)
        {
            (error, own) = (ErrorCode.None, role.Epoch);
        }

        if (error != ErrorCode.None)
        {
            return PartitionReadResult.Failed(error);
        }

        if (read.Epoch != LeaderEpoch.Unknown && (error = FetchChecks.Epoch(read.Epoch, own)) != ErrorCode.None)
        {
            return PartitionReadResult.Failed(error);
        }

        if (leader is not null && read.Rack is { } rack && NearerThan(leader, read.From, rack) is { } nearer)
        {
            Offset highWatermark = HighWatermark;
            return new PartitionReadResult(ErrorCode.None, highWatermark, log.LastStableOffset(highWatermark), log.LogStart) { PreferredReplica = nearer };
        }

        return read.Follower is { } follower ? ReadAsFollower(read, follower) : ReadAsConsumer(read, log, EndOf(log, read.LastFetchedEpoch));
    }

    private static EpochEnd? EndOf(PartitionLog log, LeaderEpoch asked) =>
        asked != LeaderEpoch.Unknown && log.EndOffsetForEpoch(asked, out LeaderEpoch epoch, out Offset end) ? new EpochEnd(epoch, end) : null;

    private BrokerId? NearerThan(PartitionLeader leader, Offset from, ReaderRack reader)
    {
        lock (_lock)
        {
            return leader.PreferredReadReplica(from, reader.Name, reader.RackOf);
        }
    }

    private PartitionReadResult ReadAsConsumer(in PartitionRead read, PartitionLog log, EpochEnd? found)
    {
        // Once per fetch (KAFKA-9807): the records and the aborted transactions must be bounded by the same high watermark.
        Offset highWatermark = HighWatermark;
        Offset lastStable = log.LastStableOffset(highWatermark);
        Offset logStart = log.LogStart;
        if (read.LastFetchedEpoch != LeaderEpoch.Unknown)
        {
            ErrorCode error = FetchChecks.Divergence(read.From, read.LastFetchedEpoch, logStart, found, out EpochEnd? diverging);
            if (error != ErrorCode.None)
            {
                return PartitionReadResult.Failed(error);
            }

            if (diverging is not null)
            {
                return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, logStart, null, diverging);
            }
        }

        Offset limit = Plants.IsOn(Plant.ServePastHighWatermark) ? log.LogEndOffset : read.ReadCommitted ? lastStable : highWatermark;
        if (read.From == limit)
        {
            // The usual case of a consumer that has caught up.
            return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, logStart, Aborted: read.ReadCommitted ? [] : null);
        }

        LogSlice slice = log.Read(read.From, read.MaxBytes, limit, read.AtLeastOneBatch);
        if (slice.Error != ErrorCode.None)
        {
            return PartitionReadResult.Failed(slice.Error);
        }

        if (!read.ReadCommitted)
        {
            return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, logStart, slice);
        }

        ErrorCode failure = FindAborted(log, read.From, slice, out IReadOnlyList<AbortedRange> aborted);
        if (failure != ErrorCode.None)
        {
            slice.Dispose();
            return PartitionReadResult.Failed(failure);
        }

        return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, logStart, slice, null, aborted);
    }

    private static ErrorCode FindAborted(PartitionLog log, Offset from, LogSlice slice, out IReadOnlyList<AbortedRange> aborted)
    {
        aborted = [];
        if (slice.IsEmpty || Plants.IsOn(Plant.AbortedNotTold))
        {
            return ErrorCode.None;
        }

        try
        {
            aborted = [.. log.AbortedTransactions(from, slice).Select(a => new AbortedRange(new ProducerId(a.ProducerId), new Offset(a.FirstOffset)))];
        }
        catch (IOException)
        {
            // The log has told of its disk itself.
            return ErrorCode.KafkaStorageError;
        }

        // The records are held, but what is known of their transactions may have gone since with their segment.
        return from < log.LogStart ? ErrorCode.OffsetOutOfRange : ErrorCode.None;
    }

    private PartitionReadResult ReadAsFollower(in PartitionRead read, in FollowerFetch follower)
    {
        FollowerFetchOutcome outcome;
        Wakeups wake = default;
        PartitionLog log;
        Offset leaderEnd;
        bool isInSync;
        lock (_lock)
        {
            ErrorCode error = CheckServing(out log, out PartitionLeader leader);
            if (error != ErrorCode.None)
            {
                return PartitionReadResult.Failed(error);
            }

            // Again, now that no other leadership can begin: what a follower fetched in an earlier one says nothing of where it stands in this.
            if (read.Epoch != LeaderEpoch.Unknown && (error = FetchChecks.Epoch(read.Epoch, leader.Epoch)) != ErrorCode.None)
            {
                return PartitionReadResult.Failed(error);
            }

            leaderEnd = log.LogEndOffset;
            outcome = leader.OnFollowerFetch(follower, EndOf(log, read.LastFetchedEpoch), log.LogStart, leaderEnd, _services.Now);
            isInSync = leader.Isr.Committed.Contains(follower.Follower);
            if (outcome.HighWatermarkAdvanced)
            {
                wake = PublishHighWatermark(long.MaxValue / 2);
            }
        }

        wake.Run();
        Propose(outcome.Proposal);
        if (outcome.Error != ErrorCode.None)
        {
            // A replica that told its epoch hears that the two together are not known yet; without one nobody can say whose metadata is older.
            bool isVague = outcome.Error == ErrorCode.UnknownLeaderEpoch && read.Epoch == LeaderEpoch.Unknown;
            return PartitionReadResult.Failed(isVague ? ErrorCode.NotLeaderOrFollower : outcome.Error);
        }

        Offset highWatermark = HighWatermark;
        Offset lastStable = log.LastStableOffset(highWatermark);
        if (outcome.Diverging is not null)
        {
            return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, log.LogStart, null, outcome.Diverging);
        }

        if (read.From == leaderEnd || (!isInSync && HoldsBack()))
        {
            // The usual case of a follower that has caught up; and one that is too far behind to be sent more just now.
            return new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, log.LogStart) { LogEnd = leaderEnd };
        }

        LogSlice slice = log.Read(read.From, read.MaxBytes, leaderEnd, read.AtLeastOneBatch);
        return slice.Error == ErrorCode.None
            ? new PartitionReadResult(ErrorCode.None, highWatermark, lastStable, log.LogStart, slice) { LogEnd = leaderEnd }
            : PartitionReadResult.Failed(slice.Error);
    }

    /// <summary>
    /// Adds a reader that found too little. False when what it reads up to (the log's end for a replica, the high watermark for a consumer)
    /// is no longer what it saw, or the partition serves no more: then there is something new already, and it was not added.
    /// </summary>
    internal bool TryAwait(ReadRegistration reader, Offset seenEnd)
    {
        lock (_lock)
        {
            bool isServing = _leader is not null || (_follower is not null && !reader.OfReplica);
            Offset end = reader.OfReplica ? _log?.LogEndOffset ?? Offset.Unknown : new Offset(_highWatermark);
            if (!isServing || seenEnd != end)
            {
                return false;
            }

            _waiters.Add(reader);
            return true;
        }
    }

    internal void StopAwaiting(ReadRegistration reader)
    {
        lock (_lock)
        {
            _waiters.Remove(reader);
        }
    }
}
