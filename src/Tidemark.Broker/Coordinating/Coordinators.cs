using Tidemark.Broker.Cluster;
using Tidemark.Broker.Partitions;
using Tidemark.Coordination;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Coordinating;

/// <summary>
/// The coordinators of one kind on this broker: one shard for each partition of their topic that this broker leads. Requests find theirs by
/// the group's name or the transactional id.
/// </summary>
public sealed class Coordinators<TShard>(string topic, ClusterState cluster, PartitionRegistry partitions, ShardServices<TShard> services)
    where TShard : CoordinatorShard
{
    private readonly Lock _lock = new();
    private volatile ShardDriver<TShard>?[] _shards = [];
    private MetadataImage _seen = MetadataImage.Empty;
    private BrokerConfig? _seenConfig;
    private ClusterTopics _topics = new(MetadataImage.Empty);

    public string Topic => topic;

    /// <summary>How many members heartbeat to the shards that are led and loaded here.</summary>
    public int Heartbeating => services.Heartbeating.Count;

    /// <summary>The shards that are led here, in the order of their partitions.</summary>
    public IEnumerable<ShardDriver<TShard>> Shards => _shards.OfType<ShardDriver<TShard>>();

    /// <summary>Those of them that have read their partitions.</summary>
    public IEnumerable<CoordinatorStanding> Working => Shards.Select(shard => shard.Standing).OfType<CoordinatorStanding>();

    /// <summary>The shard of a partition, if it is led here.</summary>
    public ShardDriver<TShard>? Find(int partition) => _shards is { } shards && (uint)partition < (uint)shards.Length ? shards[partition] : null;

    /// <summary>The shard that a key belongs to, if it is led here.</summary>
    public ShardDriver<TShard>? Find(string key) => _shards is { Length: > 0 } shards ? shards[KeyPartition.Of(key, shards.Length)] : null;

    /// <summary>Gives a request to the shard of its key.</summary>
    /// <param name="input">Hands the request to the shard; it is answered under the ticket.</param>
    /// <param name="refusal">The response with an error: NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, or what the log refused.</param>
    /// <param name="guard">For what is written in a transaction: that its coordinator knows of the partition.</param>
    public ValueTask<TResponse> Ask<TResponse>(
        string key, Action<TShard, long, ShardTime> input, Func<ErrorCode, TResponse> refusal, VerificationGuard? guard = null) =>
        Find(key) is { } shard ? shard.Ask(input, refusal, guard) : new(refusal(ErrorCode.NotCoordinator));

    /// <summary>Follows the metadata, after the partitions do: shards begin and end with the leaderships of their partitions.</summary>
    public void Publish(MetadataImage image, BrokerConfig config)
    {
        ShardDriver<TShard>[] ended = [];
        ShardDriver<TShard>[] begun = [];
        ClusterTopics topics;
        bool changed;
        lock (_lock)
        {
            _topics = topics = _topics.Follow(image);
            if (!ReferenceEquals(image.Topics, _seen.Topics))
            {
                (ended, begun) = Follow(image, config);
            }

            changed = !ReferenceEquals(image.Topics, _seen.Topics)
                || !ReferenceEquals(image.Configs, _seen.Configs)
                || !ReferenceEquals(image.Features, _seen.Features)
                || !ReferenceEquals(image.Brokers, _seen.Brokers)
                || !ReferenceEquals(config, _seenConfig);
            (_seen, _seenConfig) = (image, config);
        }

        // Outside of the lock: whoever waits at a shard that ends is answered right here, and his next request served.
        foreach (ShardDriver<TShard> shard in ended)
        {
            shard.Close();
        }

        foreach (ShardDriver<TShard> shard in begun)
        {
            shard.Load();
        }

        if (changed && Shards.Any())
        {
            CoordinatorView view = CoordinatorViews.Of(image, topics, config);
            foreach (ShardDriver<TShard> shard in Shards)
            {
                shard.OnView(view);
            }
        }
    }

    /// <summary>The broker stops: whoever waits is sent elsewhere.</summary>
    public void Stop()
    {
        ShardDriver<TShard>[] ended;
        lock (_lock)
        {
            ended = [.. Shards];
            _shards = [];
        }

        foreach (ShardDriver<TShard> shard in ended)
        {
            shard.Close();
        }
    }

    /// <summary>Under the lock: finds the shards that end and those that begin.</summary>
    private (ShardDriver<TShard>[] Ended, ShardDriver<TShard>[] Begun) Follow(MetadataImage image, BrokerConfig config)
    {
        TopicImage? kept = image.Topics.Find(topic);
        ShardDriver<TShard>?[] before = _shards;
        var after = new ShardDriver<TShard>?[kept?.Partitions.Length ?? 0];
        var begun = new List<ShardDriver<TShard>>();
        for (int i = 0; i < after.Length; i++)
        {
            PartitionImage led = kept!.Partitions[i];
            if (led.Leader != cluster.Self.Value || partitions.Find(new TopicPartition(topic, i)) is not { } partition || partition.LeaderEpoch != led.LeaderEpoch)
            {
                continue;
            }

            ShardDriver<TShard>? known = i < before.Length ? before[i] : null;
            if (known is not null && ReferenceEquals(known.Partition, partition) && known.Epoch == partition.LeaderEpoch)
            {
                after[i] = known;
            }
            else
            {
                after[i] = new ShardDriver<TShard>(partition, partition.LeaderEpoch, CoordinatorViews.Of(image, _topics, config), services);
                begun.Add(after[i]!);
            }
        }

        _shards = after;
        return ([.. before.OfType<ShardDriver<TShard>>().Except(after.OfType<ShardDriver<TShard>>())], [.. begun]);
    }
}
