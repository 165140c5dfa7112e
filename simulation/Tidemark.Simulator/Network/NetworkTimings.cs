namespace Tidemark.Simulator.Network;

/// <summary>How long things take on a simulated network.</summary>
public sealed record NetworkTimings
{
    /// <summary>The longest a frame is under way between two hosts; each draws its own delay.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>The longest until a sender tries again to reach who can be reached again.</summary>
    public TimeSpan RetransmissionMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a host goes on sending to one that does not answer before it gives the connection up.</summary>
    public TimeSpan BreakAfter { get; init; } = TimeSpan.FromSeconds(60);
}
