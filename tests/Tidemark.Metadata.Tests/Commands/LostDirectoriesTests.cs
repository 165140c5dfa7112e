using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>A broker that says in a heartbeat that directories are lost, up to its last one, and lives on for a while.</summary>
public sealed class LostDirectoriesTests
{
    private static readonly Uuid s_last = World.Directory(1);

    private readonly World _world = new(brokers: 2);

    [Theory]
    [InlineData("false")]
    [InlineData("true")]
    public void What_only_a_broker_without_any_directory_has_is_led_by_nobody(string unclean)
    {
        TopicImage topic = _world.CreateTopic("t", 2, 1, ("unclean.leader.election.enable", unclean));
        int own = topic.Partitions.Single(each => each.Leader == 1).Id;

        _world.Heartbeat(1, offline: s_last);

        Assert.Equal((PartitionImage.NoLeader, 1), (_world.Partition("t", own).Leader, Assert.Single(_world.Partition("t", own).Isr)));
        Assert.Equal(2, _world.Partition("t", 1 - own).Leader);

        // It says so in every heartbeat until it stops; and comes back repaired.
        int epoch = _world.Partition("t", own).LeaderEpoch.Value;
        _world.Heartbeat(1, offline: s_last);
        Assert.Equal((PartitionImage.NoLeader, epoch), (_world.Partition("t", own).Leader, _world.Partition("t", own).LeaderEpoch.Value));
        _world.Fence(1);
        _world.AddBroker(1);
        Assert.Equal(1, _world.Partition("t", own).Leader);
    }

    [Fact]
    public void What_others_have_is_led_by_them()
    {
        _world.CreateTopic("t", 4, 2);
        _world.Heartbeat(1, offline: s_last);
        Assert.All(_world.Image.Topics.Find("t")!.Partitions, each => Assert.Equal((2, "2"), (each.Leader, string.Join(',', each.Isr))));
    }

    [Fact]
    public void A_broker_that_becomes_active_without_any_directory_leads_nothing()
    {
        TopicImage topic = _world.CreateTopic("t", 2, 1);
        int own = topic.Partitions.Single(each => each.Leader == 1).Id;
        _world.Fence(1);

        _world.Heartbeat(1, offline: s_last);

        Assert.True(_world.Image.IsActive(1));
        Assert.Equal(PartitionImage.NoLeader, _world.Partition("t", own).Leader);
    }

    [Fact]
    public void One_of_several_directories_takes_its_partitions_with_it_and_no_others()
    {
        var other = new Uuid(88, 1);
        TopicImage topic = _world.CreateTopic("t", 2, 1);
        int own = topic.Partitions.Single(each => each.Leader == 1).Id;
        BrokerImage broker = _world.Image.Brokers[1];
        _world.Apply([new(new BrokerRegistrationChangeRecord { BrokerId = 1, BrokerEpoch = broker.Epoch, LogDirs = [s_last, other] }, 2)]);

        _world.Heartbeat(1, offline: other);
        Assert.Equal(1, _world.Partition("t", own).Leader);
        _world.Heartbeat(1, offline: [other, s_last]);
        Assert.Equal(PartitionImage.NoLeader, _world.Partition("t", own).Leader);
    }
}
