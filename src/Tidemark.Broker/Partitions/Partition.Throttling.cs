using Tidemark.Broker.Replicating;
using Tidemark.Primitives;

namespace Tidemark.Broker.Partitions;

public sealed partial class Partition
{
    /// <summary>Records of this partition were sent to a follower.</summary>
    internal void OnSentToFollower(int bytes)
    {
        if (bytes > 0 && _services.Throttles is { } throttles && _config.LeaderThrottled.Contains(Name.Partition, _services.Self))
        {
            throttles.Leader.Record(bytes);
        }
    }

    /// <summary>Records of this partition came from its leader.</summary>
    internal void OnTakenFromLeader(int bytes)
    {
        if (bytes > 0 && _services.Throttles is { } throttles && _config.FollowerThrottled.Contains(Name.Partition, _services.Self))
        {
            throttles.Follower.Record(bytes);
        }
    }

    /// <summary>How long a replica that is behind is not to be fetched; zero where it may be now.</summary>
    internal TimeSpan FollowerWait() =>
        _services.Throttles is { } throttles && _config.FollowerThrottled.Contains(Name.Partition, _services.Self) ? throttles.Follower.Wait : TimeSpan.Zero;

    /// <summary>True while this leader sends nothing to followers that are not in sync.</summary>
    private bool HoldsBack() =>
        _services.Throttles is { } throttles && _config.LeaderThrottled.Contains(Name.Partition, _services.Self) && throttles.Leader.Wait > TimeSpan.Zero;
}
