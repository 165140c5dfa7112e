using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>What must hold at every step, whatever fails.</summary>
public sealed class QuorumChecks(QuorumWorld world)
{
    private readonly Dictionary<int, BrokerId> _leaders = [];
    private readonly List<Entry> _committed = [];
    private readonly Dictionary<(BrokerId Node, int Life), Offset> _highWatermarks = [];

    public IReadOnlyList<Entry> Committed => _committed;

    public int Elections => _leaders.Count;

    public void OnPersisted(SimulatedNode node, ElectionState former, ElectionState state)
    {
        Require(state.Epoch >= former.Epoch, $"{node.Key.Node}: the epoch on the disk went back from {former.Epoch} to {state.Epoch}");
        bool votesTwice = state.Epoch == former.Epoch && former.VotedFor is { } vote && state.VotedFor != vote;
        Require(!votesTwice, $"{node.Key.Node}: a second vote in epoch {state.Epoch}: {former.VotedFor}, then {state.VotedFor}");
    }

    public void OnElected(SimulatedNode node, AppendLeaderChange change)
    {
        Require(_leaders.TryAdd(change.Epoch.Value, node.Key.Node), $"epoch {change.Epoch} has two leaders: {_leaders[change.Epoch.Value]} and {node.Key.Node}");
        Require(node.Known.Epoch == change.Epoch, $"{node.Key.Node} leads epoch {change.Epoch} with {node.Known} on its disk");
        Require(node.Log.Entries.Take(_committed.Count).SequenceEqual(_committed), $"{node.Key.Node} leads epoch {change.Epoch} without all that is committed");
    }

    public void OnCommitted(SimulatedNode node, Offset highWatermark)
    {
        Offset former = _highWatermarks.GetValueOrDefault((node.Key.Node, node.Life), Offset.Unknown);
        Require(highWatermark > former, $"{node.Key.Node}: the high watermark went from {former} to {highWatermark}");
        _highWatermarks[(node.Key.Node, node.Life)] = highWatermark;
        Require(highWatermark <= node.Log.End.EndOffset, $"{node.Key.Node}: {highWatermark} is committed and the log ends at {node.Log.End}");
        for (int i = 0; i < highWatermark.Value; i++)
        {
            if (i < _committed.Count)
            {
                Require(_committed[i] == node.Log.Entries[i], $"{node.Key.Node}: {node.Log.Entries[i]} is committed at {i}, where {_committed[i]} was");
            }
            else
            {
                _committed.Add(node.Log.Entries[i]);
            }
        }

        if (node.Member is { IsLeader: true } member)
        {
            int holders = member.Voters.Voters.Count(voter => world.Nodes.First(each => each.Key.Matches(voter.Key)).Log is { } log
                && log.Durable.Count >= highWatermark.Value && log.Durable[(int)highWatermark.Value - 1] == _committed[(int)highWatermark.Value - 1]);
            Require(holders >= member.Voters.Majority, $"{node.Key.Node} commits up to {highWatermark}, which {holders} of {member.Voters.Count} voters have on disk");
        }
    }

    public void OnHalted(SimulatedNode node, string reason) => Require(false, $"{node.Key.Node} stopped: {reason}");

    public void Require(bool condition, string text)
    {
        if (!condition)
        {
            throw new QuorumViolationException($"{text} (at {world.Now})");
        }
    }
}

/// <summary>An invariant was violated.</summary>
public sealed class QuorumViolationException(string message) : Exception(message);
