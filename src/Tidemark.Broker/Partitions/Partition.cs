using Tidemark.Primitives;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// A replica of a partition on this broker: joins the log with the leader's rules and with those who wait. One short lock covers an
/// append with the move of the high watermark that follows; consumers read without it, bounded by the high watermark that they sampled.
/// Waiters are woken after the lock is released.
/// </summary>
public sealed partial class Partition
{
    private readonly PartitionServices _services;
    private readonly Lock _lock = new();
    private readonly PartitionWaiters _waiters = new();
    private volatile PartitionLog? _log;
    private volatile PartitionLeader? _leader;
    private volatile PartitionConfig _config;
    private LeaderEpoch _epoch = LeaderEpoch.Unknown;
    private long _highWatermark;

    /// <param name="log">Null when its directory is offline.</param>
    /// <param name="highWatermark">From the checkpoint: a hint, clamped into the log.</param>
    public Partition(TopicPartition name, Uuid topicId, PartitionConfig config, PartitionLog? log, Offset highWatermark, PartitionServices services)
    {
        Name = name;
        TopicId = topicId;
        _config = config;
        _log = log;
        _services = services;
        _highWatermark = log is null ? highWatermark.Value : Offset.Max(Offset.Min(highWatermark, log.LogEndOffset), log.LogStart).Value;
    }

    public TopicPartition Name { get; }

    public Uuid TopicId { get; }

    /// <summary>The log; null when its directory is offline. Changes when the replica moves to another directory.</summary>
    public PartitionLog? Log => _log;

    public PartitionConfig Config => _config;

    public LeaderEpoch LeaderEpoch => _leader?.Epoch ?? LeaderEpoch.Unknown;

    public Offset HighWatermark => new(Volatile.Read(ref _highWatermark));

    /// <summary>Takes a new configuration at once.</summary>
    public void Configure(PartitionConfig config)
    {
        lock (_lock)
        {
            Take(config);
        }
    }

    /// <summary>
    /// Metadata says that this broker leads the partition. The configuration of the same metadata comes into force in one step with it: who is
    /// eligible outside of a small in-sync set was decided by its <c>min.insync.replicas</c>, and the high watermark may not move by another.
    /// </summary>
    public void Lead(PartitionLeadership leadership, PartitionConfig config)
    {
        Wakeups wake;
        lock (_lock)
        {
            Take(config);
            if (_log is not { } log)
            {
                return;
            }

            bool advanced;
            if (_leader is { } leader && leader.Epoch == leadership.LeaderEpoch)
            {
                advanced = leader.OnMetadata(leadership, _services.Now);
            }
            else
            {
                Invariant.Require(leadership.LeaderEpoch >= _epoch);
                _epoch = leadership.LeaderEpoch;
                _follower = null;
                RemoveDamaged(log);
                if (!Plants.IsOn(Plant.EpochNotCachedOnElection))
                {
                    log.BeginEpoch(leadership.LeaderEpoch);
                }

                _leader = new PartitionLeader(
                    _services.Self,
                    leadership,
                    log.LogEndOffset,
                    HighWatermark,
                    _config.MinInsyncReplicas,
                    _services.ReplicaLagMax,
                    _services.LeaseMax,
                    _services.Brokers,
                    _services.Now);
                advanced = true;
            }

            wake = advanced ? PublishHighWatermark(long.MaxValue / 2) : default;
        }

        wake.Run();
    }

    private void Take(PartitionConfig config)
    {
        _config = config;
        if (_log is { } log)
        {
            log.Options = config.Log;
        }

        if (_leader is { } leader)
        {
            leader.MinInsyncReplicas = config.MinInsyncReplicas;
        }
    }

    /// <summary>The replica leads and follows no more: it is deleted, its disk failed, or the broker stops. Everyone who waits is told.</summary>
    public void StopLeading(ErrorCode reason = ErrorCode.NotLeaderOrFollower)
    {
        Wakeups wake;
        lock (_lock)
        {
            _leader = null;
            _follower = null;
            wake = new Wakeups(_waiters.TakeReaders(long.MaxValue), _waiters.TakeDecided(_ => reason));
        }

        wake.Run();
    }

    /// <summary>The log is gone: its directory failed or the replica is deleted. Answers the log, which is the caller's to close.</summary>
    public PartitionLog? TakeLog()
    {
        PartitionLog? log;
        lock (_lock)
        {
            log = _log;
            _log = null;
        }

        StopLeading(ErrorCode.KafkaStorageError);
        return log;
    }

    /// <summary>Replaces the log by a copy of it in another directory, under the lock; the caller has made sure that the copy is complete.</summary>
    internal bool SwapLog(Func<PartitionLog, PartitionLog?> copyOf, out PartitionLog? old)
    {
        lock (_lock)
        {
            old = _log;
            if (old is null || copyOf(old) is not { } copy)
            {
                return false;
            }

            _log = copy;
            return true;
        }
    }

    /// <summary>Whether this broker leads the partition in that epoch and nobody can have replaced it yet.</summary>
    public bool MayServe(LeaderEpoch epoch) => CheckServing(out _, out PartitionLeader leader) == ErrorCode.None && leader.Epoch == epoch;

    /// <summary>The error for a request to a partition that cannot serve, or None.</summary>
    private ErrorCode CheckServing(out PartitionLog log, out PartitionLeader leader)
    {
        log = _log!;
        leader = _leader!;
        return log is null || log.IsFailed ? ErrorCode.KafkaStorageError
            : leader is null || !(_services.Lease.IsHeld || Plants.IsOn(Plant.LeaseNotHonoured)) ? ErrorCode.NotLeaderOrFollower
            : ErrorCode.None;
    }

    /// <summary>Under the lock: makes the leader's high watermark visible and collects who is to be told.</summary>
    private Wakeups PublishHighWatermark(long bytes)
    {
        PartitionLeader leader = _leader!;
        Volatile.Write(ref _highWatermark, leader.HighWatermark.Value);
        _log!.AdvanceHighWatermark(leader.HighWatermark);
        return new Wakeups(
            _waiters.TakeReaders(bytes),
            _waiters.HasWriters ? _waiters.TakeDecided(leader.Acknowledge) : null);
    }

    /// <summary>All that is to be told outside the lock.</summary>
    private readonly struct Wakeups(Wakeup readers, List<(ICommitListener Listener, int Slot, ErrorCode Error)>? writers)
    {
        public void Run()
        {
            readers.Run();
            if (writers is not null)
            {
                foreach ((ICommitListener listener, int slot, ErrorCode error) in writers)
                {
                    listener.OnCommitted(slot, error);
                }
            }
        }
    }
}
