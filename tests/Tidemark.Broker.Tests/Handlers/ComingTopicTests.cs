using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>The broker has read that a topic was made, and is still opening its logs: who asks for the topic waits, and nobody else.</summary>
public sealed class ComingTopicTests
{
    private readonly BrokerWorld _world = new();

    [Fact]
    public void Who_asks_for_a_topic_that_is_about_to_be_there_waits_for_it()
    {
        _world.Quorum.CreateTopic("old");
        _world.Quorum.IsPublishingLate = true;
        Uuid id = _world.Quorum.CreateTopic("t", 2);
        MetadataRequest[] requests =
        [
            new() { Topics = [new() { Name = "old" }, new() { Name = "t" }] }, new() { Topics = [new() { Name = null, TopicId = id }] }, new() { Topics = null },
        ];
        (TestClient Client, int Correlation)[] asked = [.. requests.Select(request => Send(request, 12))];
        (TestClient Client, int Correlation) described = Send(new DescribeTopicPartitionsRequest { Topics = [new() { Name = "t" }] }, 0);
        _world.World.Time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.All(asked.Append(described), each => Assert.Equal(0, each.Client.Connection.AnswerCount));
        Assert.Equal(ErrorCode.None, Metadata(new() { Topics = [new() { Name = "old" }] }).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Metadata(new() { Topics = [new() { Name = "none" }], AllowAutoTopicCreation = false }).Topics[0].ErrorCode);
        Assert.InRange(_world.World.Time.Elapsed, TimeSpan.Zero, TimeSpan.FromMilliseconds(499));

        _world.Quorum.IsPublishingLate = false;
        _world.Quorum.CreateTopic("later");
        foreach ((TestClient client, int correlation) in asked)
        {
            MetadataResponse answer = client.Receive<MetadataResponse>(ApiKey.Metadata, 12, correlation);
            Assert.Equal(2, answer.Topics.Single(topic => topic.Name == "t").Partitions.Count);
        }

        Assert.Equal(2, described.Client.Receive<DescribeTopicPartitionsResponse>(ApiKey.DescribeTopicPartitions, 0, described.Correlation).Topics[0].Partitions.Count);
        Assert.InRange(_world.World.Time.Elapsed, TimeSpan.Zero, TimeSpan.FromMilliseconds(499));
    }

    [Fact]
    public void Nobody_waits_for_it_longer_than_half_a_second()
    {
        _world.Quorum.IsPublishingLate = true;
        _world.Quorum.CreateTopic("t");
        TimeSpan at = _world.World.Time.Elapsed;
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Metadata(new() { Topics = [new() { Name = "t" }], AllowAutoTopicCreation = false }).Topics[0].ErrorCode);
        Assert.InRange((_world.World.Time.Elapsed - at).TotalMilliseconds, 500, 520);
    }

    private MetadataResponse Metadata(MetadataRequest request) => _world.Connect().Ask<MetadataResponse>(request, 12);

    private (TestClient Client, int Correlation) Send(IApiMessage request, short version)
    {
        TestClient client = _world.Connect();
        return (client, client.Send(request, version));
    }
}
