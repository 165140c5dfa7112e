using Tidemark.Primitives;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Simulator.Tests;

/// <summary>
/// All who were in sync are gone before the first of them is back, and come back without their mark: who led last is elected. Whether that may lose
/// anything depends on what became of that one's machine, not on what the controller can know.
/// </summary>
[Collection(PlantCollection.Name)]
public sealed class PermittedLossesTests
{
    private const string Topic = "topic";
    private const long Committed = 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_last_leader_that_lost_power_may_lack_what_is_committed(ulong seed)
    {
        Assert.True(MayLoseAfter(seed, node => node.LosePower(), node => node.Return()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_last_leader_that_was_only_killed_may_not(ulong seed)
    {
        Assert.False(MayLoseAfter(seed, node => node.Kill(), node => node.Start()));
    }

    private static bool MayLoseAfter(ulong seed, Action<SimulatedNode> end, Action<SimulatedNode> begin)
    {
        var watched = new WatchedCluster(seed);
        SimulatedNode[] members = [watched.Controller, watched.Cluster.Nodes.First(node => node != watched.Controller)];
        Task<ErrorCode> created = watched.Create(Topic, members[1].Id, members[0].Id);
        watched.Await(() => created.IsCompleted);
        Assert.Equal(ErrorCode.None, created.GetAwaiter().GetResult());
        PartitionId id = watched.IdOf(Topic);
        watched.Losses.Note(id, watched.Partition(Topic)!, Committed, _ => Committed);

        // The one that leads first; the controller is the other, so that nobody is left to note what happens.
        LeaderEpoch epoch = watched.Partition(Topic)!.LeaderEpoch;
        end(members[1]);
        end(members[0]);
        begin(members[0]);
        begin(members[1]);
        watched.Await(() => members.All(node => node.Started.IsCompletedSuccessfully) && watched.Partition(Topic) is { HasLeader: true } now && now.LeaderEpoch > epoch && now.Isr.Length == 2);
        return watched.Losses.MayLoseByNow(id);
    }
}
