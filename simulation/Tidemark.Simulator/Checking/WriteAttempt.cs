namespace Tidemark.Simulator.Checking;

/// <summary>A batch that a producer wants written, sent once or, by an idempotent producer, until it is answered.</summary>
/// <param name="FloorAtSend">The end of what was acknowledged by all when it was first sent: its records come to stand after that.</param>
public sealed record WriteAttempt(string Producer, PartitionId Partition, IReadOnlyList<string> Values, short Acks, bool IsIdempotent, long FloorAtSend)
{
    /// <summary>Whether some answer left open what became of it.</summary>
    public bool MayStand { get; set; }

    /// <summary>Where it stands, when that was said and is binding.</summary>
    public long? Offset { get; set; }
}
