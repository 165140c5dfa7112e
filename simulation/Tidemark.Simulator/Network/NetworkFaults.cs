namespace Tidemark.Simulator.Network;

/// <summary>What goes wrong by chance with each frame that is sent between two hosts. Probabilities from 0 to 1.</summary>
public sealed record NetworkFaults
{
    public static NetworkFaults None { get; } = new();

    /// <summary>The connection breaks: what is under way in both directions is lost.</summary>
    public double BreakChance { get; init; }

    /// <summary>Only the beginning of the frame arrives, then the connection ends.</summary>
    public double CutChance { get; init; }

    /// <summary>
    /// To the sender the connection breaks, while what it has sent arrives all the same, the frame up to <see cref="LongDelay"/> late: who sends it again
    /// by another way may be overtaking himself.
    /// </summary>
    public double AbandonChance { get; init; }

    /// <summary>Between which hosts frames are abandoned.</summary>
    public Func<SimulatedHost, SimulatedHost, bool> MayAbandon { get; init; } = (_, _) => true;

    /// <summary>The frame is under way for up to <see cref="LongDelay"/>.</summary>
    public double LongDelayChance { get; init; }

    public TimeSpan LongDelay { get; init; } = TimeSpan.FromSeconds(1);
}
