namespace Tidemark.Client.Groups;

/// <summary>How a member takes part in its group; Kafka's names in brackets.</summary>
public sealed record GroupMemberOptions
{
    /// <summary>The group (<c>group.id</c>).</summary>
    public required string Group { get; init; }

    /// <summary>The topics to read.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    /// <summary>The member's own name, which lets it come back without a rebalance (<c>group.instance.id</c>).</summary>
    public string? Instance { get; init; }

    /// <summary>Without a heartbeat for so long the member is taken out (<c>session.timeout.ms</c>).</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long others may take to rejoin (<c>max.poll.interval.ms</c> in Kafka's clients).</summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often the member shows that it lives (<c>heartbeat.interval.ms</c>).</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(2);
}
