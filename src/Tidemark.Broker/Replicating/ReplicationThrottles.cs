using System.Globalization;
using Tidemark.Broker.Cluster;
using Tidemark.Metadata.Configuration;
using Tidemark.Replication;

namespace Tidemark.Broker.Replicating;

/// <summary>
/// The limits of a broker's replication traffic. They are set at run time for each broker or for all, hold for the replicas that the topics name, and never for a replica
/// that is in sync: that would slow producers down, not the copying.
/// </summary>
public sealed class ReplicationThrottles
{
    /// <param name="cluster">Whose configuration changes at run time.</param>
    /// <param name="config">The broker's file, for the windows.</param>
    public ReplicationThrottles(ClusterState cluster, BrokerConfig config, TimeProvider time)
    {
        ReplicationThrottle Of(string rate, string windows, string seconds) => new(
            () => cluster.Config,
            rate,
            new ThrottledRate(config.GetInt(windows), TimeSpan.FromSeconds(config.GetInt(seconds))),
            time);
        Leader = Of("leader.replication.throttled.rate", "replication.quota.window.num", "replication.quota.window.size.seconds");
        Follower = Of("follower.replication.throttled.rate", "replication.quota.window.num", "replication.quota.window.size.seconds");
        Directories = Of(
            "replica.alter.log.dirs.io.max.bytes.per.second", "alter.log.dirs.replication.quota.window.num", "alter.log.dirs.replication.quota.window.size.seconds");
    }

    /// <summary><c>leader.replication.throttled.rate</c>: what this broker sends of partitions that it leads.</summary>
    public ReplicationThrottle Leader { get; }

    /// <summary><c>follower.replication.throttled.rate</c>: what this broker takes of partitions that it follows.</summary>
    public ReplicationThrottle Follower { get; }

    /// <summary><c>replica.alter.log.dirs.io.max.bytes.per.second</c>: what is copied between this broker's directories.</summary>
    public ReplicationThrottle Directories { get; }
}

/// <summary>One limit, and how much of it is used. Its members may be called on any thread.</summary>
/// <param name="config">The configuration that holds now.</param>
/// <param name="key">Bytes a second; not set is no limit.</param>
public sealed class ReplicationThrottle(Func<BrokerConfig> config, string key, ThrottledRate rate, TimeProvider time)
{
    private readonly Lock _lock = new();
    private BrokerConfig? _of;
    private long _limit = long.MaxValue;

    /// <summary>How long nothing more may go; zero while there is room.</summary>
    public TimeSpan Wait
    {
        get
        {
            lock (_lock)
            {
                long limit = Limit();
                return limit == long.MaxValue ? TimeSpan.Zero : rate.WaitFor(limit, time.GetElapsedTime(0));
            }
        }
    }

    /// <summary>So many bytes of throttled replicas went.</summary>
    public void Record(long bytes)
    {
        lock (_lock)
        {
            rate.Record(bytes, time.GetElapsedTime(0));
        }
    }

    private long Limit()
    {
        BrokerConfig now = config();
        if (!ReferenceEquals(now, _of))
        {
            // Set at run time only, so it stands in no table of the file's keys.
            _of = now;
            _limit = (now.OfThisBroker.TryGetValue(key, out string? text) || now.OfAllBrokers.TryGetValue(key, out text)) && long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long limit)
                ? limit
                : long.MaxValue;
        }

        return _limit;
    }
}
