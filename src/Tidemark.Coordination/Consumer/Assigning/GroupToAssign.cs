using Tidemark.Primitives;

namespace Tidemark.Coordination.Consumer.Assigning;

/// <summary>A topic whose partitions are to be assigned.</summary>
public readonly record struct TopicToAssign(Uuid Id, int Partitions);

/// <summary>A member that wants partitions.</summary>
/// <param name="Topics">The topics that it reads, as indexes into <see cref="GroupToAssign.Topics"/>, in order. Members that read the same may share one array.</param>
/// <param name="Target">What it was meant to have so far.</param>
public sealed record MemberToAssign(string Id, string? InstanceId, int[] Topics, Assignment Target);

/// <summary>All that an assignor sees of a group.</summary>
/// <param name="Topics">The topics that exist and somebody reads, in the order in which they are given out.</param>
/// <param name="Members">In the order of their ids.</param>
public sealed record GroupToAssign(IReadOnlyList<TopicToAssign> Topics, IReadOnlyList<MemberToAssign> Members)
{
    /// <summary>Whether all members read the same topics, and those are all topics.</summary>
    public bool IsHomogeneous
    {
        get
        {
            foreach (MemberToAssign member in Members)
            {
                if (member.Topics.Length != Topics.Count)
                {
                    return false;
                }
            }

            return true;
        }
    }
}

/// <summary>Gives every partition of the group's topics to one member that reads the topic. The same input always has the same outcome.</summary>
public interface IAssignor
{
    /// <summary>The name by which members ask for it.</summary>
    string Name { get; }

    /// <summary>The new targets, in the order of the members.</summary>
    Assignment[] Assign(GroupToAssign group);
}

/// <summary>The assignors that there are.</summary>
public static class Assignors
{
    public static IReadOnlyList<IAssignor> All { get; } = [new UniformAssignor(), new RangeAssignor()];

    public static IAssignor? Find(string name) => All.FirstOrDefault(a => a.Name == name);
}
