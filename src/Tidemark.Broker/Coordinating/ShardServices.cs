using Microsoft.Extensions.Logging;
using Tidemark.Broker.Runtime;
using Tidemark.Coordination;
using Tidemark.Protocol;
using Tidemark.Records;

namespace Tidemark.Broker.Coordinating;

/// <summary>What the shards of one coordinator's topic share.</summary>
/// <param name="NewShard">A shard that knows nothing yet.</param>
/// <param name="Codec">How the topic's records are compressed.</param>
/// <param name="WriteTimeout">How long a request waits until what it wrote is committed.</param>
public sealed record ShardServices<TShard>(
    CoordinatorLog Topic,
    Func<CoordinatorView, TShard> NewShard,
    BrokerEnvironment Environment,
    DelayQueue Delays,
    Func<CompressionCodec> Codec,
    TimeSpan WriteTimeout,
    ILogger Log)
    where TShard : CoordinatorShard
{
    /// <summary>Called for effects that only one kind of coordinator has.</summary>
    public Action<ShardDriver<TShard>, ShardEffect>? OnEffect { get; init; }

    /// <summary>The members of all shards.</summary>
    public HeartbeatingMembers Heartbeating { get; } = new();

    public ShardTime Now => new(Environment.Time.GetElapsedTime(0), Environment.Time.GetUtcNow().ToUnixTimeMilliseconds());
}
