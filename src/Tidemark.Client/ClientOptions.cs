namespace Tidemark.Client;

/// <summary>How to reach a cluster.</summary>
public sealed record ClientOptions
{
    /// <summary>The most that an answer may take beyond what its request asks the broker to wait: Kafka's clients allow as much for joining a group.</summary>
    private static readonly TimeSpan s_onTheWayMax = TimeSpan.FromSeconds(5);

    /// <summary>Brokers to ask first (<c>bootstrap.servers</c>); the others are learned from them.</summary>
    public required IReadOnlyList<BrokerAddress> BootstrapServers { get; init; }

    /// <summary>What brokers show in logs and quotas (<c>client.id</c>).</summary>
    public string ClientId { get; init; } = "tidemark";

    /// <summary>How long to try to connect to one address.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long to wait for a broker until it can be asked something: connected, and its versions told. The attempt goes on after that; who asks again, because
    /// there is no other broker, waits for the same one.
    /// </summary>
    public TimeSpan SetupTimeout { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How long a broker of which any will do is waited for alone; then the next is tried beside it.</summary>
    public TimeSpan NextBrokerAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait for an answer (<c>request.timeout.ms</c>); where the request itself asks the broker to wait as long or longer, a little beyond that.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait before something is tried again (<c>retry.backoff.ms</c>).</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long what may pass is tried again, such as a partition without a leader (<c>default.api.timeout.ms</c>); zero for once only.</summary>
    public TimeSpan RetryMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest answer that is taken. A broker that announces more is not a broker.</summary>
    public int ResponseBytesMax { get; init; } = 512 << 20;

    /// <summary>
    /// How long to wait for the answer to a request that itself asks the broker to wait so long. A broker that was asked to wait answers when that is over; an
    /// answer that has not come a little later does not come. Who gave a command eight seconds does not wait for sixteen.
    /// </summary>
    public TimeSpan AnswerLimit(TimeSpan brokerWait)
    {
        TimeSpan onTheWay = RequestTimeout / 8;
        TimeSpan least = brokerWait == default ? default : brokerWait + (onTheWay < s_onTheWayMax ? onTheWay : s_onTheWayMax);
        return least > RequestTimeout ? least : RequestTimeout;
    }
}
