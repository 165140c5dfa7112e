using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>A change of voters that a leader has in hand, from the question to its commit.</summary>
internal sealed class VoterChange
{
    public required ChangeId Id { get; init; }

    /// <summary>After this the change is answered as timed out; a record that was appended stays.</summary>
    public required TimeSpan Deadline { get; init; }

    /// <summary>True: the answer waits until the record is committed.</summary>
    public required bool AckWhenCommitted { get; init; }

    /// <summary>The voter to add, and the question to it which versions of the quorum it knows; null for other changes.</summary>
    public (Voter Voter, RequestSlot Slot)? Asking { get; init; }

    public RequestSlot? Versions => Asking?.Slot;

    /// <summary>Where the record stands; unknown (-1) until it is appended.</summary>
    public Offset At { get; set; } = Offset.Unknown;
}
