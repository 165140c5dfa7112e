using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// The voters of the quorum. With kraft.version 0 they are fixed by the configuration (<c>controller.quorum.voters</c>) and known by node id only; from
/// version 1 on they stand in the log, by node id and directory id, and change one at a time (KIP-853).
/// </summary>
public sealed class VoterSet
{
    private readonly Voter[] _voters;

    /// <param name="kraftVersion">0 for fixed voters, 1 for voters in the log.</param>
    /// <param name="voters">At most one a node id.</param>
    public VoterSet(short kraftVersion, IEnumerable<Voter> voters)
    {
        KRaftVersion = kraftVersion;
        _voters = [.. voters];
        Array.Sort(_voters, static (a, b) => a.Key.Node.CompareTo(b.Key.Node));
        for (int i = 1; i < _voters.Length; i++)
        {
            Invariant.Require(_voters[i - 1].Key.Node != _voters[i].Key.Node);
        }
    }

    /// <summary>A node that was told of no voters: it observes until a leader tells it.</summary>
    public static VoterSet None { get; } = new(0, []);

    public short KRaftVersion { get; }

    /// <summary>In the order of their node ids.</summary>
    public IReadOnlyList<Voter> Voters => _voters;

    public int Count => _voters.Length;

    /// <summary>How many voters decide.</summary>
    public int Majority => (_voters.Length / 2) + 1;

    /// <summary>The voter with the node id, whatever its directory.</summary>
    public Voter? Find(BrokerId node)
    {
        foreach (Voter voter in _voters)
        {
            if (voter.Key.Node == node)
            {
                return voter;
            }
        }

        return null;
    }

    /// <summary>True for a voter. The directory counts only where the set knows it.</summary>
    public bool Contains(ReplicaKey key) => Find(key.Node) is { } voter && (voter.Key.Directory.IsZero || voter.Key.Directory == key.Directory);

    /// <summary>The set with one more voter.</summary>
    public VoterSet With(Voter voter)
    {
        Invariant.Require(Find(voter.Key.Node) is null);
        return new VoterSet(KRaftVersion, _voters.Append(voter));
    }

    /// <summary>The set without the voter of this node id.</summary>
    public VoterSet Without(BrokerId node)
    {
        Invariant.Require(Find(node) is not null);
        return new VoterSet(KRaftVersion, _voters.Where(voter => voter.Key.Node != node));
    }

    /// <summary>The set in which the voter of the same node id is replaced.</summary>
    public VoterSet Replace(Voter voter) => Without(voter.Key.Node).With(voter);

    /// <summary>The same voters under another version of the quorum.</summary>
    public VoterSet AtVersion(short kraftVersion) => new(kraftVersion, _voters);

    public override string ToString() => $"[{string.Join(", ", _voters.Select(voter => voter.Key))}]";
}

/// <summary>A set of voters and where it begins to hold.</summary>
/// <param name="At">The offset of the record that names the set; unknown (-1) for a set out of the configuration or the formatted directory.</param>
public sealed record VotersAt(Offset At, VoterSet Voters);
