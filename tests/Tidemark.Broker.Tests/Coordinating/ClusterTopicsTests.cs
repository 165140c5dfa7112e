using Tidemark.Broker.Coordinating;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Coordinating;

public class ClusterTopicsTests
{
    private static readonly Uuid s_a = new(1, 1);
    private static readonly Uuid s_b = new(1, 2);

    private readonly MetadataImage _image = MetadataImage.Empty
        .Apply(Broker(1, "east"))
        .Apply(Broker(2, "west"))
        .Apply(new TopicRecord { Name = "a", TopicId = s_a })
        .Apply(Partition(s_a, 0))
        .Apply(new TopicRecord { Name = "b", TopicId = s_b })
        .Apply(Partition(s_b, 0));

    [Fact]
    public void A_topic_of_which_nothing_changed_is_the_same_in_the_next_image()
    {
        var before = new ClusterTopics(_image);
        CoordinatorTopic a = before.Find("a")!;
        CoordinatorTopic b = before.Find(s_b)!;
        Assert.Equal(["east", "west"], a.RacksOf(0));
        ClusterTopics after = before.Follow(_image.Apply(Partition(s_b, 1)));

        Assert.Same(a, after.Find("a"));
        Assert.Same(a, after.Find(s_a));
        Assert.Equal((1, 2), (b.Partitions, after.Find("b")!.Partitions));
        Assert.Equal([a, after.Find("b")!], after.All);
    }

    [Fact]
    public void Topics_are_the_same_while_neither_they_nor_racks_change()
    {
        var before = new ClusterTopics(_image);
        Assert.Same(before, before.Follow(_image.Apply(new ConfigRecord { ResourceType = 2, ResourceName = "a", Name = "retention.ms", Value = "1" })));
        Assert.Same(before, before.Follow(_image.Apply(Broker(1, "east", epoch: 5))));
        Assert.NotSame(before, before.Follow(_image.Apply(Partition(s_b, 1))));
    }

    [Fact]
    public void A_broker_that_moves_to_another_rack_moves_all_topics()
    {
        var before = new ClusterTopics(_image);
        CoordinatorTopic a = before.Find("a")!;
        CoordinatorTopic moved = before.Follow(_image.Apply(Broker(2, "north"))).Find("a")!;
        Assert.NotSame(a, moved);
        Assert.Equal(["east", "north"], moved.RacksOf(0));
        Assert.Equal(["east"], before.Follow(_image.Apply(Broker(2, null))).Find("a")!.RacksOf(0));
    }

    private static RegisterBrokerRecord Broker(int id, string? rack, long epoch = 1) => new() { BrokerId = id, BrokerEpoch = epoch, Rack = rack };

    private static PartitionRecord Partition(Uuid topic, int id) => new() { TopicId = topic, PartitionId = id, Replicas = [1, 2], Isr = [1, 2], Leader = 1 };
}
