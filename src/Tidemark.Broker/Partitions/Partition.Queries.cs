using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Replication;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Partitions;

public sealed partial class Partition
{
    /// <summary>The offset of a time in milliseconds, or of the place that a negative time stands for (<see cref="OffsetTimes"/>).</summary>
    /// <param name="limit">How far the asker may look.</param>
    /// <param name="believed">The leader epoch that the asker believes in; unknown is "does not say".</param>
    /// <param name="ofAnyReplica">Whether this replica's own log counts also where it does not lead: for tools that compare replicas.</param>
    public FoundOffset FindOffset(long timestamp, ReadLimit limit, LeaderEpoch believed, bool ofAnyReplica = false)
    {
        ErrorCode error = CheckEpoch(believed, out PartitionLog log, out PartitionLeader? leader);
        if (error != ErrorCode.None && !(error == ErrorCode.NotLeaderOrFollower && ofAnyReplica))
        {
            return FoundOffset.Failed(error);
        }

        Offset highWatermark = HighWatermark;
        Offset end = limit switch
        {
            ReadLimit.LogEnd => log.LogEndOffset,
            ReadLimit.LastStableOffset => log.LastStableOffset(highWatermark),
            _ => highWatermark,
        };
        ErrorCode lagging = limit == ReadLimit.LogEnd ? ErrorCode.None : leader?.CheckLatestOffset() ?? ErrorCode.None;
        try
        {
            switch (timestamp)
            {
                case OffsetTimes.Latest:
                    return lagging != ErrorCode.None
                        ? FoundOffset.Failed(lagging)
                        : new FoundOffset(ErrorCode.None, -1, end, leader?.Epoch ?? _follower?.Epoch ?? LeaderEpoch.Unknown);
                case OffsetTimes.Earliest:
                case OffsetTimes.EarliestLocal:
                    Offset start = log.LogStart;
                    return new FoundOffset(ErrorCode.None, -1, start, EpochAt(log, start));
                case OffsetTimes.LatestTiered:
                case OffsetTimes.EarliestPendingUpload:
                    return FoundOffset.Nothing;
                case OffsetTimes.MaxTimestamp:
                    return Within(log.MaxTimestampOffset(), end, lagging);
                default:
                    return Within(log.OffsetForTimestamp(timestamp), end, lagging);
            }
        }
        catch (IOException)
        {
            return FoundOffset.Failed(ErrorCode.KafkaStorageError);
        }
    }

    /// <summary>The largest leader epoch that is not above the one asked for, and where it ends. Unknown where nothing is known of it.</summary>
    public ErrorCode FindEpochEnd(LeaderEpoch believed, LeaderEpoch asked, out LeaderEpoch epoch, out Offset end)
    {
        epoch = LeaderEpoch.Unknown;
        end = Offset.Unknown;
        ErrorCode error = CheckEpoch(believed, out PartitionLog log, out _);
        if (error == ErrorCode.None && !log.EndOffsetForEpoch(asked, out epoch, out end))
        {
            epoch = LeaderEpoch.Unknown;
            end = Offset.Unknown;
        }

        return error;
    }

    /// <summary>Moves the log's start up to an offset; −1 stands for the high watermark. Answers the new start, to which followers come with their next fetches.</summary>
    public ErrorCode DeleteRecords(Offset before, out Offset start)
    {
        start = Offset.Unknown;
        ErrorCode error = CheckServing(out PartitionLog log, out _);
        if (error != ErrorCode.None)
        {
            return error;
        }

        if (_config.Log is { Compacts: true, Deletes: false })
        {
            return ErrorCode.PolicyViolation;
        }

        Offset highWatermark = HighWatermark;
        Offset target = before == Offset.Unknown ? highWatermark : before;
        if (target < Offset.Zero || target > highWatermark)
        {
            return ErrorCode.OffsetOutOfRange;
        }

        try
        {
            log.AdvanceLogStart(target);
        }
        catch (IOException)
        {
            return ErrorCode.KafkaStorageError;
        }

        start = log.LogStart;
        return ErrorCode.None;
    }

    /// <summary>The lowest start of all replicas that are alive, as far as the leader knows.</summary>
    public ErrorCode FindLowWatermark(out Offset lowWatermark)
    {
        lowWatermark = Offset.Unknown;
        lock (_lock)
        {
            ErrorCode error = CheckServing(out PartitionLog log, out PartitionLeader leader);
            if (error == ErrorCode.None)
            {
                lowWatermark = leader.LowWatermark(log.LogStart);
            }

            return error;
        }
    }

    /// <summary>
    /// Adds what is known of the producers that wrote here: by a follower what its own log says, as whoever looks for what hangs on one broker asks for;
    /// not by a leader that may have been replaced.
    /// </summary>
    public ErrorCode DescribeProducers(List<DescribeProducersResponse.ProducerState> into)
    {
        ErrorCode error = CheckServing(out PartitionLog log, out PartitionLeader leader);
        if (error != ErrorCode.None && (error != ErrorCode.NotLeaderOrFollower || leader is not null))
        {
            return error;
        }

        foreach (ProducerDescription producer in log.DescribeProducers())
        {
            into.Add(new()
            {
                ProducerId = producer.ProducerId,
                ProducerEpoch = producer.Epoch,
                LastSequence = producer.LastSequence,
                LastTimestamp = producer.LastTimestamp,
                CoordinatorEpoch = producer.CoordinatorEpoch,
                CurrentTxnStartOffset = producer.CurrentTransactionStartOffset,
            });
        }

        return ErrorCode.None;
    }

    /// <summary>What is not there, or what the asker may not see yet, is nothing, unless the leader is too new to know how much of its log is committed.</summary>
    private static FoundOffset Within(TimestampedOffset? found, Offset end, ErrorCode lagging) =>
        found is { } at && at.Offset < end ? new FoundOffset(ErrorCode.None, at.Timestamp, at.Offset, at.Epoch)
        : lagging != ErrorCode.None ? FoundOffset.Failed(lagging)
        : FoundOffset.Nothing;

    private static LeaderEpoch EpochAt(PartitionLog log, Offset offset)
    {
        LeaderEpoch epoch = LeaderEpoch.Unknown;
        foreach (Storage.Checkpoints.EpochStart entry in log.Epochs.Entries)
        {
            if (entry.Start > offset)
            {
                break;
            }

            epoch = entry.Epoch;
        }

        return epoch;
    }

    /// <summary>A replica that follows knows an epoch too: whose metadata is older, its own or the asker's, comes before who leads.</summary>
    private ErrorCode CheckEpoch(LeaderEpoch believed, out PartitionLog log, out PartitionLeader? leader)
    {
        ErrorCode error = CheckServing(out log, out leader);
        if (believed == LeaderEpoch.Unknown || error is not (ErrorCode.None or ErrorCode.NotLeaderOrFollower) || (leader?.Epoch ?? _follower?.Epoch) is not { } own)
        {
            return error;
        }

        ErrorCode mismatch = FetchChecks.Epoch(believed, own);
        return mismatch != ErrorCode.None ? mismatch : error;
    }
}
