namespace Tidemark.Coordination.Consumer;

/// <summary>How far a member has come towards its target (KIP-848). The numbers are those of the records and never change.</summary>
public enum MemberState : sbyte
{
    /// <summary>It has all that it was meant to have in its epoch.</summary>
    Stable = 0,

    /// <summary>It was told to give up partitions and has not said yet that it did.</summary>
    UnrevokedPartitions = 1,

    /// <summary>It waits for partitions that others still have.</summary>
    UnreleasedPartitions = 2,

    /// <summary>A record written by a later version names a state that this one does not know: the member has to begin anew.</summary>
    Unknown = 127,
}
