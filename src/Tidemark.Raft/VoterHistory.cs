using Tidemark.Primitives;

namespace Tidemark.Raft;

/// <summary>
/// The sets of voters that the log names, oldest first. The last holds from the moment it stands in the log, committed or not; when the log is
/// truncated the one before holds again.
/// </summary>
internal sealed class VoterHistory
{
    private readonly List<VotersAt> _sets;

    public VoterHistory(IReadOnlyList<VotersAt> sets)
    {
        Invariant.Require(sets.Count > 0);
        _sets = [.. sets];
    }

    public VotersAt Last => _sets[^1];

    /// <summary>The last set that is known to be committed.</summary>
    public VoterSet Committed => _sets[0].Voters;

    /// <summary>True for a voter of the last committed set or of any that follows it.</summary>
    public bool MayCount(ReplicaKey key) => _sets.Exists(each => each.Voters.Contains(key));

    public void Add(VotersAt voters)
    {
        Invariant.Require(voters.At > Last.At);
        _sets.Add(voters);
    }

    public void TruncateTo(Offset end)
    {
        while (_sets.Count > 1 && Last.At >= end)
        {
            _sets.RemoveAt(_sets.Count - 1);
        }
    }

    /// <summary>Truncation never reaches below what is committed, so what was replaced there is not needed again.</summary>
    public void Commit(Offset highWatermark)
    {
        while (_sets.Count > 1 && _sets[1].At < highWatermark)
        {
            _sets.RemoveAt(0);
        }
    }

    public void StartAt(VotersAt voters)
    {
        _sets.Clear();
        _sets.Add(voters);
    }
}
