using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>
/// What Kafka answers about a topic's configuration: a change that has several faults is refused for the one that it looks at first (operation, name,
/// values, existence), and what was asked for is told as it was written.
/// </summary>
public sealed class TopicConfigAnswerTests
{
    private const sbyte Set = 0;
    private const sbyte Append = 2;

    private readonly World _world = new(brokers: 1);

    [Theory]
    [InlineData("none", "retention.ms", Append, "1", ErrorCode.InvalidConfig)]
    [InlineData("none", "retention.ms", Set, "x", ErrorCode.InvalidConfig)]
    [InlineData("none", "retention.ms", Set, "1", ErrorCode.UnknownTopicOrPartition)]
    [InlineData("..", "retention.ms", Append, "1", ErrorCode.InvalidConfig)]
    [InlineData("..", "retention.ms", Set, "x", ErrorCode.InvalidTopicException)]
    public void Of_several_faults_the_first_is_told(string topic, string key, sbyte operation, string value, ErrorCode expected)
    {
        IncrementalAlterConfigsResponse answer = _world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = topic, Configs = [new() { Name = key, ConfigOperation = operation, Value = value }] }],
        }));

        Assert.Equal(expected, Assert.Single(answer.Responses).ErrorCode);
    }

    [Theory]
    [InlineData("0:1,", ErrorCode.None)]
    [InlineData("0:1,,1:1", ErrorCode.None)]
    [InlineData("0:1,0", ErrorCode.InvalidConfig)]
    public void Nothing_between_commas_of_throttled_replicas_is_passed_over(string value, ErrorCode expected)
    {
        CreateTopicsResponse answer = _world.Do(context => CreateTopics.Decide(context, new CreateTopicsRequest
        {
            Topics = [new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "leader.replication.throttled.replicas", Value = value }] }],
        }));

        Assert.Equal(expected, Assert.Single(answer.Topics).ErrorCode);
    }

    [Theory]
    [InlineData("none", "x", ErrorCode.InvalidConfig)]
    [InlineData("none", "1", ErrorCode.UnknownTopicOrPartition)]
    public void So_it_is_where_all_values_are_replaced(string topic, string value, ErrorCode expected)
    {
        AlterConfigsResponse answer = _world.Do(context => AlterConfigs.Decide(context, new AlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = topic, Configs = [new() { Name = "retention.ms", Value = value }] }],
        }));

        Assert.Equal(expected, Assert.Single(answer.Responses).ErrorCode);
    }

    [Fact]
    public void A_new_topics_configuration_is_told_as_it_was_written()
    {
        CreateTopicsResponse answer = _world.Do(context => CreateTopics.Decide(context, new CreateTopicsRequest
        {
            Topics = [new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "min.cleanable.dirty.ratio", Value = "1" }] }],
        }));

        Assert.Equal("1", Assert.Single(Assert.Single(answer.Topics).Configs!, config => config.Name == "min.cleanable.dirty.ratio").Value);
    }
}
