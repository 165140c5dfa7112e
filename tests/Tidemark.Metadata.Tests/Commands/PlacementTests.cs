using System.Collections.Immutable;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Placement;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

public sealed class PlacementTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(5, 3)]
    [InlineData(7, 2)]
    public void Leaders_and_replicas_are_spread_evenly(int brokers, int factor)
    {
        var world = new World(brokers: brokers);
        IReadOnlyList<ImmutableArray<int>> placed = ReplicaPlacement.Place(world.Image, brokers * 20, factor, 12345)!;
        Assert.All(placed, replicas => Assert.Equal(factor, replicas.Distinct().Count()));
        Assert.All(placed.GroupBy(replicas => replicas[0]), led => Assert.Equal(20, led.Count()));
        int[] held = [.. placed.SelectMany(replicas => replicas).GroupBy(id => id).Select(of => of.Count())];
        Assert.True(held.Max() - held.Min() <= 20 * factor / 2, string.Join(' ', held));
    }

    [Fact]
    public void The_followers_of_one_leader_are_not_all_on_one_broker()
    {
        var world = new World(brokers: 5);
        IReadOnlyList<ImmutableArray<int>> placed = ReplicaPlacement.Place(world.Image, 100, 2, 0)!;
        Assert.All(placed.GroupBy(replicas => replicas[0]), led => Assert.True(led.Select(replicas => replicas[1]).Distinct().Count() >= 3));
    }

    [Fact]
    public void No_two_replicas_share_a_rack_while_there_are_racks_left()
    {
        var world = new World();
        for (int id = 1; id <= 6; id++)
        {
            world.AddBroker(id, "rack" + (id % 3));
        }

        Assert.All(
            ReplicaPlacement.Place(world.Image, 60, 3, 7)!,
            replicas => Assert.Equal(3, replicas.Select(id => world.Image.Brokers[id].Rack).Distinct().Count()));
        Assert.All(ReplicaPlacement.Place(world.Image, 60, 4, 7)!, replicas => Assert.Equal(4, replicas.Distinct().Count()));
    }

    [Fact]
    public void More_replicas_than_live_brokers_cannot_be_placed()
    {
        var world = new World(brokers: 3);
        world.Fence(2);
        Assert.Null(ReplicaPlacement.Place(world.Image, 1, 3, 0));
        Assert.DoesNotContain(2, ReplicaPlacement.Place(world.Image, 30, 2, 0)!.SelectMany(replicas => replicas));
    }

    [Fact]
    public void A_broker_whose_directories_are_all_cordoned_gets_no_new_partitions()
    {
        var world = new World(brokers: 3);
        Cordon(World.Directory(2));

        Assert.Null(ReplicaPlacement.Place(world.Image, 1, 3, 0));
        Assert.DoesNotContain(2, ReplicaPlacement.Place(world.Image, 30, 2, 0)!.SelectMany(replicas => replicas));
        Cordon();
        Assert.NotNull(ReplicaPlacement.Place(world.Image, 1, 3, 0));

        void Cordon(params Uuid[] directories) => world.Do(context => BrokerHeartbeat.Decide(
            context,
            new BrokerHeartbeatRequest
            {
                BrokerId = 2,
                BrokerEpoch = world.Image.Brokers[2].Epoch,
                CurrentMetadataOffset = world.Image.LastOffset.Value,
                CordonedLogDirs = [.. directories],
            },
            world.Sessions));
    }
}
