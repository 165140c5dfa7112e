using System.Text.Json;
using Tidemark.Broker.Cluster;
using Tidemark.Primitives;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Files;

namespace Tidemark.Simulator.Checking;

/// <summary>The members of the metadata quorum: one leader an epoch, one vote an epoch, epochs that never go back, on the disk included.</summary>
internal sealed class QuorumChecks(SimulatedCluster cluster)
{
    private readonly Dictionary<int, int> _controllers = [];
    private readonly Dictionary<int, int> _epochs = [];
    private readonly Dictionary<int, (int Epoch, int Voted, object? Life)> _votes = [];
    private readonly Dictionary<int, (LeaderEpoch Epoch, BrokerId VotedFor)> _given = [];

    /// <summary>How many controllers were seen.</summary>
    public int Elections => _controllers.Count;

    /// <summary>What is cheap enough to look at after every event.</summary>
    public void LookQuickly()
    {
        foreach (SimulatedNode node in cluster.Nodes)
        {
            if (node is not { IsRunning: true, Quorum: { } quorum })
            {
                continue;
            }

            // A vote that could not be written is one that nobody hears of: the member has failed with it.
            if (!quorum.Failed.IsCompleted && quorum.Vote is { VotedFor: { } voted } vote)
            {
                (LeaderEpoch Epoch, BrokerId VotedFor) before = _given.GetValueOrDefault(node.Id);
                if (before.Epoch == vote.Epoch && before.VotedFor != voted && before != default)
                {
                    throw new BrokenRuleException("1 one vote an epoch", $"node {node.Id} voted for {before.VotedFor} and for {voted} in epoch {vote.Epoch}");
                }

                _given[node.Id] = (vote.Epoch, voted);
            }

            if (quorum.Leadership is { HighWatermark.Value: >= 0 and var committed } leadership && committed <= leadership.EpochStart.Value)
            {
                throw new BrokenRuleException(
                    "8 a leader commits by records of its own epoch", $"node {node.Id} leads from {leadership.EpochStart} on in epoch {quorum.Epoch} and has committed up to {committed}");
            }
        }
    }

    public void Look()
    {
        foreach (SimulatedNode node in cluster.Nodes.Where(node => node.IsRunning))
        {
            LookAtVote(node);
            if (node.Started.IsCompleted)
            {
                LookAtLeader(node);
            }
        }
    }

    private void LookAtLeader(SimulatedNode node)
    {
        ControllerLocation controller = node.Quorum!.Controller;
        int epoch = node.Quorum.Epoch.Value;
        if (_epochs.TryGetValue(node.Id, out int before) && epoch < before)
        {
            throw new BrokenRuleException("7 epochs never go back", $"node {node.Id} was in quorum epoch {before} and is in {epoch}");
        }

        _epochs[node.Id] = epoch;
        if (controller.Node != BrokerId.None && !_controllers.TryAdd(controller.Epoch.Value, controller.Node.Value) && _controllers[controller.Epoch.Value] != controller.Node.Value)
        {
            throw new BrokenRuleException("1 one controller an epoch", $"nodes {_controllers[controller.Epoch.Value]} and {controller.Node} in epoch {controller.Epoch}");
        }
    }

    /// <summary>The file is on the disk before anybody hears of what it says, so a later file never says less.</summary>
    private void LookAtVote(SimulatedNode node)
    {
        if (AtomicFile.Read(node.Disk, "/data/__cluster_metadata-0/quorum-state") is not { Length: > 0 } content)
        {
            return;
        }

        using JsonDocument state = JsonDocument.Parse(content);
        (int epoch, int voted) = (state.RootElement.GetProperty("leaderEpoch").GetInt32(), state.RootElement.GetProperty("votedId").GetInt32());
        if (_votes.TryGetValue(node.Id, out (int Epoch, int Voted, object? Life) before))
        {
            if (epoch < before.Epoch)
            {
                throw new BrokenRuleException("7 epochs never go back, on the disk neither", $"node {node.Id} had quorum epoch {before.Epoch} on its disk and has {epoch}");
            }

            if (epoch == before.Epoch && before.Voted >= 0 && voted >= 0 && voted != before.Voted)
            {
                throw new BrokenRuleException("1 one vote an epoch", $"node {node.Id} voted for {before.Voted} and for {voted} in epoch {epoch}");
            }

            voted = epoch == before.Epoch && voted < 0 ? before.Voted : voted;
        }

        _votes[node.Id] = (epoch, voted, node.Process);
    }
}
