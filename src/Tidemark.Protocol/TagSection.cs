namespace Tidemark.Protocol;

/// <summary>Where a reader stands in the tagged fields that end a struct.</summary>
public struct TagSection
{
    internal uint Remaining;
    internal int End;
    internal bool IsStarted;

    /// <summary>The number of the tag whose value comes next.</summary>
    public uint Number { get; internal set; }
}
