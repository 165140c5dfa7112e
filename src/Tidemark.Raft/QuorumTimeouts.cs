namespace Tidemark.Raft;

/// <summary>The times of the quorum, named as in the configuration.</summary>
public sealed record QuorumTimeouts
{
    /// <summary><c>controller.quorum.election.timeout.ms</c>: how long a voter without a leader waits, and how long an election may take. One to two times this, at random.</summary>
    public TimeSpan Election { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// <c>controller.quorum.fetch.timeout.ms</c>: how long a follower goes on without an answer of its leader before it asks for votes. A leader that was
    /// not fetched from by a majority for 1.5 times this resigns.
    /// </summary>
    public TimeSpan Fetch { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>controller.quorum.election.backoff.max.ms</c>: the longest wait after a lost election, and of a follower that the leader did not prefer as its successor.</summary>
    public TimeSpan ElectionBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>controller.quorum.request.timeout.ms</c>: after this a request to a peer counts as failed, and a change of voters as timed out.</summary>
    public TimeSpan Request { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>controller.quorum.retry.backoff.ms</c>: the wait before a failed request to a peer is sent again.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a leader may hold a fetch that finds nothing new. Kafka's members ask for the same half second.</summary>
    public TimeSpan FetchWaitMax { get; init; } = TimeSpan.FromMilliseconds(500);
}
