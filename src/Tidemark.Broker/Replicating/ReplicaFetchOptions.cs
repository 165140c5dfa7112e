using Tidemark.Metadata.Configuration;

namespace Tidemark.Broker.Replicating;

/// <summary>How followers fetch.</summary>
/// <param name="MinBytes"><c>replica.fetch.min.bytes</c></param>
/// <param name="WaitMax"><c>replica.fetch.wait.max.ms</c></param>
/// <param name="PartitionBytesMax"><c>replica.fetch.max.bytes</c>; a larger first batch comes whole all the same.</param>
/// <param name="ResponseBytesMax"><c>replica.fetch.response.max.bytes</c></param>
/// <param name="Backoff"><c>replica.fetch.backoff.ms</c>, the longest pause after an error; the first ones are shorter.</param>
/// <param name="AnswerTimeout"><c>replica.socket.timeout.ms</c></param>
public sealed record ReplicaFetchOptions(
    int MinBytes,
    TimeSpan WaitMax,
    int PartitionBytesMax,
    int ResponseBytesMax,
    TimeSpan Backoff,
    TimeSpan AnswerTimeout)
{
    public static ReplicaFetchOptions Of(BrokerConfig config) => new(
        config.GetInt("replica.fetch.min.bytes"),
        TimeSpan.FromMilliseconds(config.GetInt("replica.fetch.wait.max.ms")),
        config.GetInt("replica.fetch.max.bytes"),
        config.GetInt("replica.fetch.response.max.bytes"),
        TimeSpan.FromMilliseconds(config.GetInt("replica.fetch.backoff.ms")),
        TimeSpan.FromMilliseconds(config.GetInt("replica.socket.timeout.ms")));
}
