using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;

namespace Tidemark.Broker.Cluster;

/// <summary>
/// Which leaders leave this broker's fetches without an answer, though one is due every <c>replica.fetch.wait.max.ms</c>. Whoever does so for two
/// intervals of a heartbeat is about to be fenced: it stands still or is cut off, and a client that is sent there waits for nothing, often with what it
/// sent before too. The same is true of one that has ended the connection, or refuses it: its process is gone, and a client that is sent there may find the next
/// life, which leads nothing yet. Such a broker is not named to clients until it answers, or a session has passed in which the controller did not find it
/// missing: then it is this broker that is cut off from it. It decides nothing else; who leads is the controller's affair.
/// </summary>
public sealed class LeaderSilence(TimeProvider time, BrokerConfig config)
{
    /// <summary>An answer that takes this many waits is no slow answer.</summary>
    private const int WaitsMin = 4;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, long> _since = [];
    private readonly HashSet<int> _gone = [];
    private readonly TimeSpan _from = Longer(
        TimeSpan.FromMilliseconds(config.GetInt("broker.heartbeat.interval.ms")) * 2,
        TimeSpan.FromMilliseconds(config.GetInt("replica.fetch.wait.max.ms")) * WaitsMin);

    private readonly TimeSpan _to = TimeSpan.FromMilliseconds(config.GetInt("broker.session.timeout.ms") + config.GetInt("broker.heartbeat.interval.ms"));

    /// <summary>A fetch left for the broker.</summary>
    public void Asked(BrokerId broker)
    {
        lock (_lock)
        {
            _since.TryAdd(broker.Value, time.GetTimestamp());
        }
    }

    /// <summary>The broker answered, whatever it said, or is not asked any more. A broken connection is no answer.</summary>
    public void Answered(BrokerId broker)
    {
        lock (_lock)
        {
            _since.Remove(broker.Value);
            _gone.Remove(broker.Value);
        }
    }

    /// <summary>The broker that was asked ended the connection, or nobody listens where it did.</summary>
    public void Ended(BrokerId broker)
    {
        lock (_lock)
        {
            _gone.Add(broker.Value);
        }
    }

    public bool IsSilent(int broker)
    {
        lock (_lock)
        {
            return _since.TryGetValue(broker, out long since) && time.GetElapsedTime(since) is var silent
                && (silent >= _from || _gone.Contains(broker)) && silent < _to;
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
