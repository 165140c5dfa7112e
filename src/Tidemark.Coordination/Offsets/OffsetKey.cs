namespace Tidemark.Coordination.Offsets;

/// <summary>A partition of which a group has an offset.</summary>
internal readonly record struct OffsetKey(string Group, string Topic, int Partition);
