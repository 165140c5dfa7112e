using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// What the logs need now and then: checkpoints, retention, compaction, flushing by time, forgetting of silent producers, removal of
/// deleted files. A handful of timers for all partitions together; a turn that finds nothing changed writes nothing.
/// </summary>
public sealed class Housekeeping : IDisposable
{
    /// <summary>How closely <c>flush.ms</c> is kept to.</summary>
    private static readonly TimeSpan s_flushCheck = TimeSpan.FromSeconds(1);

    private readonly BrokerEnvironment _environment;
    private readonly ClusterState _cluster;
    private readonly PartitionRegistry _registry;
    private readonly LogDirectories _directories;
    private readonly DelayQueue _delays;
    private readonly ILogger _log;
    private readonly List<PeriodicWork> _work = [];
    private readonly List<(string Key, PeriodicWork Work)> _timed = [];
    private readonly CompactionSchedule _compactions;
    private readonly Lock _flushLock = new();
    private PeriodicWork? _flush;
    private bool _isOver;
    private MetadataImage _seen = MetadataImage.Empty;
    private BrokerConfig? _configured;
    private long _writtenHighWatermarks = -1;
    private long _writtenRecoveryPoints = -1;

    public Housekeeping(
        BrokerEnvironment environment,
        ClusterState cluster,
        PartitionRegistry registry,
        LogDirectories directories,
        DelayQueue delays,
        ILogger log)
    {
        (_environment, _cluster, _registry, _directories, _delays, _log) = (environment, cluster, registry, directories, delays, log);
        _compactions = new CompactionSchedule(environment, cluster, registry, directories, delays, log);
    }

    public void Start()
    {
        BrokerConfig config = _configured = _cluster.Config;
        TimeSpan first = Milliseconds(config.GetLong("log.initial.task.delay.ms"));
        Every("checkpoint high watermarks", "replica.high.watermark.checkpoint.interval.ms", WriteHighWatermarks);
        Every("checkpoint recovery points", "log.flush.offset.checkpoint.interval.ms", WriteRecoveryPoints, first);
        Every("retention", "log.retention.check.interval.ms", Retain, first);
        Every("compaction", "log.cleaner.backoff.ms", _compactions.BeginDue, first);
        FlushByTime();
        Every("producer expiry", "producer.id.expiration.check.interval.ms", ExpireProducers);
        Every("in-sync replicas", Milliseconds(config.GetLong("replica.lag.time.max.ms") / 2), CheckInSync);
        RemoveDeletedLater();
    }

    /// <summary>What was set at run time counts at once. Called by one thread, configuration after configuration.</summary>
    public void Configure(MetadataImage image, BrokerConfig config)
    {
        if (_configured is not { } before)
        {
            return;
        }

        if (!ReferenceEquals(_seen.Topics, image.Topics) || !ReferenceEquals(_seen.Configs, image.Configs))
        {
            _seen = image;
            FlushByTime();
        }

        if (ReferenceEquals(before, config))
        {
            return;
        }

        _configured = config;
        _directories.FileDeleteDelayMs = config.GetLong("log.segment.delete.delay.ms");
        foreach ((string key, PeriodicWork work) in _timed)
        {
            if (before.GetLong(key) != config.GetLong(key))
            {
                work.Change(Milliseconds(config.GetLong(key)));
            }
        }
    }

    /// <summary>Files of deleted partitions are due for removal after the delay.</summary>
    public void RemoveDeletedLater() =>
        _delays.Run(
            () => _environment.Background.Post("remove deleted partitions", _directories.RemoveDeleted),
            Milliseconds(_directories.FileDeleteDelayMs + 1));

    /// <summary>A segment was sealed: it is flushed off the append path, so that recovery has little to look through.</summary>
    public void OnRolled(PartitionLog log) => _environment.Background.Post("flush sealed segments", () => Guard(log.FlushSealed));

    /// <summary>Whether a compaction of the replica's log is under way.</summary>
    public bool IsCompacting(Partition partition) => _compactions.IsRunning(partition);

    /// <summary>Writes the high watermarks whether or not they moved; for the end of a life.</summary>
    public void WriteHighWatermarksNow() => _directories.WriteHighWatermarks(name => _registry.Find(name)?.HighWatermark);

    public void Dispose()
    {
        foreach (PeriodicWork work in _work)
        {
            work.Dispose();
        }

        lock (_flushLock)
        {
            _isOver = true;
            _flush?.Dispose();
        }
    }

    /// <summary>Logs are looked at every second only while some are to be flushed by time: an idle broker has no timer of such a period.</summary>
    private void FlushByTime()
    {
        lock (_flushLock)
        {
            bool isWanted = !_isOver && _registry.Any(IsFlushedByTime);
            if (isWanted && _flush is null)
            {
                _flush = new PeriodicWork(_environment, "flush", s_flushCheck, s_flushCheck, Flush);
            }
            else if (!isWanted)
            {
                _flush?.Dispose();
                _flush = null;
            }
        }
    }

    private static TimeSpan Milliseconds(long value) => TimeSpan.FromMilliseconds(Math.Min(value, (long)int.MaxValue * 100));

    private static bool IsFlushedByTime(Partition partition) => partition.Config.Log.FlushMs != long.MaxValue;

    /// <summary>Work whose period is a key's value, in milliseconds.</summary>
    private void Every(string name, string key, Action work, TimeSpan? first = null)
    {
        TimeSpan period = Milliseconds(_configured!.GetLong(key));
        _timed.Add((key, Every(name, period, work, first)));
    }

    private PeriodicWork Every(string name, TimeSpan period, Action work, TimeSpan? first = null)
    {
        var timed = new PeriodicWork(_environment, name, first ?? period, period, work);
        _work.Add(timed);
        return timed;
    }

    private void WriteHighWatermarks()
    {
        long sum = 0;
        foreach (Partition partition in _registry.All())
        {
            sum = unchecked((sum * 31) + partition.HighWatermark.Value + 1);
        }

        if (sum != _writtenHighWatermarks)
        {
            WriteHighWatermarksNow();
            _writtenHighWatermarks = sum;
        }
    }

    private void WriteRecoveryPoints()
    {
        long sum = 0;
        foreach (Partition partition in _registry.All())
        {
            if (partition.Log is { } log)
            {
                sum = unchecked((sum * 31) + log.RecoveryPoint.Value + (log.LogStart.Value << 20) + 1);
            }
        }

        if (sum != _writtenRecoveryPoints)
        {
            _directories.WriteCheckpoints();
            _writtenRecoveryPoints = sum;
        }
    }

    private void Retain()
    {
        foreach (Partition partition in _registry.All())
        {
            if (partition.Log is { IsFailed: false } log)
            {
                Guard(() => log.Retain(partition.HighWatermark));
            }
        }
    }

    private void Flush()
    {
        foreach (Partition partition in _registry.All())
        {
            if (IsFlushedByTime(partition) && partition.Log is { IsFlushDue: true } log)
            {
                Guard(log.Flush);
            }
        }
    }

    private void CheckInSync()
    {
        foreach (Partition partition in _registry.All())
        {
            partition.CheckInSync();
        }
    }

    private void ExpireProducers()
    {
        foreach (Partition partition in _registry.All())
        {
            partition.Log?.ExpireProducers();
        }
    }

    /// <summary>The log that failed has told so itself; the others go on.</summary>
    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (Exception e) when (e is IOException or InvalidRecordException)
        {
            HousekeepingLog.Failed(_log, e);
        }
    }
}

/// <summary>What is logged of the logs' upkeep. Event ids 1300–1399.</summary>
internal static partial class HousekeepingLog
{
    [LoggerMessage(1300, LogLevel.Error, "Upkeep of a log failed")]
    public static partial void Failed(ILogger log, Exception e);

    [LoggerMessage(1301, LogLevel.Error, "{Partition} cannot be compacted and will not be tried again before the next start")]
    public static partial void CompactionFailed(ILogger log, string partition, Exception e);
}
