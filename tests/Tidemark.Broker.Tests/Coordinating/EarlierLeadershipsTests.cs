using Tidemark.Broker.Coordinating;
using Tidemark.Coordination;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator;

namespace Tidemark.Broker.Tests.Coordinating;

public sealed class EarlierLeadershipsTests
{
    private static readonly Uuid s_topic = new(1, 1);

    private readonly VirtualTime _time = new();

    /// <summary>Broker 1 led the first two of three partitions.</summary>
    private readonly MetadataImage _known = MetadataImage.Empty
        .Apply(new TopicRecord { Name = "__consumer_offsets", TopicId = s_topic })
        .Apply(Partition(0))
        .Apply(Partition(1))
        .Apply(Partition(2, leader: 2));

    [Fact]
    public void Only_what_was_led_brings_anybody_and_only_for_some_seconds_from_when_clients_are_let_in()
    {
        var earlier = new EarlierLeaderships("__consumer_offsets", new BrokerId(1), _time);
        earlier.Remember(_known);
        Assert.False(earlier.Brought(Key(0), _time.GetTimestamp()), "nobody is let in yet");
        _time.Advance(TimeSpan.FromSeconds(60));
        earlier.Open();
        _time.Advance(TimeSpan.FromSeconds(2.9));
        long inTime = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.True(earlier.Brought(Key(0), inTime));
        Assert.True(earlier.Brought(Key(1), inTime));
        Assert.False(earlier.Brought(Key(2), inTime));
        Assert.False(earlier.Brought(Key(0), _time.GetTimestamp()));
    }

    [Fact]
    public void What_this_life_has_led_brings_nobody_any_more()
    {
        var earlier = new EarlierLeaderships("__consumer_offsets", new BrokerId(1), _time);
        earlier.Remember(_known);
        earlier.Open();
        MetadataImage moved = _known.Apply(Change(0, leader: 2)).Apply(Change(1, leader: 2));
        earlier.Follow(moved);
        Assert.True(earlier.Brought(Key(0), _time.GetTimestamp()));

        earlier.Follow(moved.Apply(Change(0, leader: 1)));
        earlier.Follow(moved);

        Assert.False(earlier.Brought(Key(0), _time.GetTimestamp()));
        Assert.True(earlier.Brought(Key(1), _time.GetTimestamp()));
    }

    [Fact]
    public void A_first_life_and_one_that_led_nothing_have_none()
    {
        foreach ((MetadataImage known, int broker) in new[] { (MetadataImage.Empty, 1), (_known, 3) })
        {
            var earlier = new EarlierLeaderships("__consumer_offsets", new BrokerId(broker), _time);
            earlier.Remember(known);
            earlier.Open();
            earlier.Follow(_known);
            Assert.All(Enumerable.Range(0, 3), partition => Assert.False(earlier.Brought(Key(partition), _time.GetTimestamp())));
        }
    }

    private static string Key(int partition) => Enumerable.Range(0, 100).Select(i => $"g{i}").First(key => KeyPartition.Of(key, 3) == partition);

    private static PartitionRecord Partition(int id, int leader = 1) => new() { TopicId = s_topic, PartitionId = id, Replicas = [1, 2], Isr = [1, 2], Leader = leader };

    private static PartitionChangeRecord Change(int id, int leader) => new() { TopicId = s_topic, PartitionId = id, Leader = leader };
}
