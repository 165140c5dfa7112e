using Tidemark.Primitives;

namespace Tidemark.Raft.Tests.Simulation;

/// <summary>One run: faults and work mixed by the seed, then healing, then the question whether the quorum works.</summary>
public sealed class RandomRun(QuorumWorld world)
{
    private const int Steps = 120;
    private static readonly TimeSpan s_healing = TimeSpan.FromSeconds(30);

    private Random Random => world.Random;

    public void Play()
    {
        foreach (SimulatedNode node in world.Nodes)
        {
            node.Start();
        }

        world.Loss = Random.Next(3) == 0 ? 0 : Random.NextDouble() * 0.3;
        world.DelayMsMax = Random.Next(2) == 0 ? 5 : 100;
        for (int step = 0; step < Steps; step++)
        {
            Disturb();
            Work();
            world.Run(TimeSpan.FromMilliseconds(Random.Next(400)));
        }

        Heal();
        world.Count("elections", world.Checks.Elections);
        world.Count("committed", world.Checks.Committed.Count);
    }

    private void Disturb()
    {
        SimulatedNode node = world.Nodes[Random.Next(world.Nodes.Count)];
        SimulatedNode other = world.Nodes[Random.Next(world.Nodes.Count)];
        switch (Random.Next(16))
        {
            case 0 or 1 when node.Member is not null:
                bool losesPower = Random.Next(2) == 0;
                world.Count(losesPower ? "power losses" : "crashes");
                node.Stop(losesPower);
                foreach (SimulatedNode witness in world.Nodes.Where(_ => Random.Next(2) == 0))
                {
                    witness.Do(member => member.OnNodeGone(node.Key.Node, world.Now));
                }

                break;
            case 2 or 3 or 4 when node.Member is null:
                node.Start();
                break;
            case 5:
                world.Cut(node, other);
                break;
            case 6:
                world.Count("isolations");
                foreach (SimulatedNode each in world.Nodes)
                {
                    world.Cut(node, each);
                    world.Cut(each, node);
                }

                break;
            case 7 or 8:
                world.Mend();
                break;
            case 9:
                node.TakeSnapshot();
                break;
            case 10 when node.IsLeader:
                world.Count("resignations");
                node.Do(member => member.Resign(world.Now));
                break;
        }
    }

    private void Work()
    {
        foreach (SimulatedNode leader in world.Nodes.Where(node => node.IsLeader))
        {
            for (int i = Random.Next(4); i > 0; i--)
            {
                leader.Append(world.NextValue());
            }

            if (Random.Next(5) == 0)
            {
                ChangeVoters(leader);
            }
        }
    }

    private void ChangeVoters(SimulatedNode leader)
    {
        var change = new ChangeId(world.NextValue());
        SimulatedNode node = world.Nodes[Random.Next(world.Nodes.Count)];
        leader.Do(member =>
        {
            if (member.Voters.Contains(node.Key))
            {
                member.OnRemoveVoterAsked(change, new RemoveVoterAsk(node.Key), world.Now);
            }
            else
            {
                member.OnAddVoterAsked(change, new AddVoterAsk(node.Key, [SimulatedNode.EndpointOf(node.Key.Node)], Random.Next(2) == 0), world.Now);
            }
        });
    }

    private void Heal()
    {
        world.Mend();
        world.Loss = 0;
        world.DelayMsMax = 5;
        foreach (SimulatedNode node in world.Nodes.Where(node => node.Member is null))
        {
            node.Start();
        }

        world.Run(s_healing);
        SimulatedNode? leader = world.Leader;
        world.Checks.Require(leader is not null, "nobody leads after everything healed");
        leader!.Append(world.NextValue());
        world.Run(TimeSpan.FromSeconds(2));
        foreach (SimulatedNode node in world.Nodes)
        {
            string state = $"{node.Member!.Role.GetType().Name} of epoch {node.Member.Epoch}, {node.Log.End}, committed {node.Member.HighWatermark}";
            world.Checks.Require(node.Member.HighWatermark == leader.Log.End.EndOffset, $"{node.Key.Node} did not get everything after everything healed: {state}; the leader {leader.Key.Node} has {leader.Log.End}");
            world.Checks.Require(node.Member.LeaderNode == leader.Key.Node, $"{node.Key.Node} does not know the leader: {state}");
        }
    }
}
