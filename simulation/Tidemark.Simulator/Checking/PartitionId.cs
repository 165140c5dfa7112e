using Tidemark.Primitives;

namespace Tidemark.Simulator.Checking;

/// <summary>A partition of one life of a topic: who is created again under the same name is another.</summary>
public readonly record struct PartitionId(string Topic, Uuid TopicId, int Index)
{
    public override string ToString() => $"{Topic}-{Index}";
}
