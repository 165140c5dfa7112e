namespace Tidemark.Raft;

/// <summary>What a member knows of itself for as long as it runs.</summary>
public sealed record QuorumMemberOptions
{
    /// <summary>This node and the directory of its metadata log.</summary>
    public required ReplicaKey Self { get; init; }

    /// <summary>Where this node listens for the quorum; empty for a node without the controller role.</summary>
    public IReadOnlyList<VoterEndpoint> Endpoints { get; init; } = [];

    /// <summary>True with the controller role. A node without it only observes, whatever the voters' record says.</summary>
    public bool CanBecomeVoter { get; init; } = true;

    /// <summary><c>controller.quorum.auto.join.enable</c>: a controller that only observes asks the leader to add it to the voters (KIP-853).</summary>
    public bool AutoJoin { get; init; }

    /// <summary>True when <c>controller.quorum.bootstrap.servers</c> names somebody to ask for the leader.</summary>
    public bool HasBootstrapServers { get; init; }

    /// <summary>The listener on which voters talk to each other; an endpoint for it is required of every new voter.</summary>
    public string ListenerName { get; init; } = "CONTROLLER";

    public QuorumTimeouts Timeouts { get; init; } = new();

    /// <summary>Drives the member's own small generator, which spreads its elections. Members of one quorum need different ones.</summary>
    public required ulong Seed { get; init; }
}
