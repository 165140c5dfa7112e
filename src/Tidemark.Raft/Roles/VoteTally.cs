using Tidemark.Primitives;

namespace Tidemark.Raft.Roles;

/// <summary>Who was asked for a vote, and what they said.</summary>
internal sealed class VoteTally
{
    private readonly Dictionary<BrokerId, bool> _answers = [];
    private readonly HashSet<BrokerId> _gone = [];
    private readonly VoterSet _voters;

    public VoteTally(VoterSet voters, BrokerId self)
    {
        _voters = voters;
        _answers[self] = true;
        Slots = [.. voters.Voters.Where(voter => voter.Key.Node != self).Select(voter => (voter, new RequestSlot(new QuorumPeer(voter.Key.Node, voter.Endpoints))))];
    }

    public IReadOnlyList<(Voter Voter, RequestSlot Slot)> Slots { get; }

    public bool IsWon => Count(true) >= _voters.Majority;

    /// <summary>So many said no that a majority cannot be reached.</summary>
    public bool IsLost => _voters.Voters.Count(voter => _answers.TryGetValue(voter.Key.Node, out bool given) ? !given : _gone.Contains(voter.Key.Node)) > _voters.Count - _voters.Majority;

    public IReadOnlyList<ReplicaKey> Granting => [.. _voters.Voters.Select(voter => voter.Key).Where(key => _answers.GetValueOrDefault(key.Node))];

    public void Record(RequestSlot slot, bool isGranted)
    {
        _answers[slot.Peer.Node] = isGranted;
        slot.Done();
    }

    /// <summary>Somebody said no who may say yes a moment later: it is asked again, a little later each time.</summary>
    public void Postpone(RequestSlot slot, TimeSpan now, TimeSpan backoff)
    {
        _answers[slot.Peer.Node] = false;
        slot.Failed(now, backoff);
    }

    /// <summary>The voter's process is gone: what it does not answer counts as a no.</summary>
    public void Gone(BrokerId node) => _gone.Add(node);

    private int Count(bool answer) => _voters.Voters.Count(voter => _answers.TryGetValue(voter.Key.Node, out bool given) && given == answer);
}
