using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What is set for one group keeps to the bounds that brokers have for it.</summary>
public sealed class GroupConfigRulesTests
{
    [Theory]
    [InlineData("consumer.session.timeout.ms", "44999", ErrorCode.InvalidConfig)]
    [InlineData("consumer.session.timeout.ms", "45000", ErrorCode.None)]
    [InlineData("consumer.session.timeout.ms", "60001", ErrorCode.InvalidConfig)]
    [InlineData("consumer.heartbeat.interval.ms", "4999", ErrorCode.InvalidConfig)]
    [InlineData("consumer.heartbeat.interval.ms", "15000", ErrorCode.None)]
    [InlineData("consumer.heartbeat.interval.ms", "15001", ErrorCode.InvalidConfig)]
    [InlineData("consumer.assignment.interval.ms", "15001", ErrorCode.InvalidConfig)]
    public void A_value_outside_of_the_brokers_bounds_is_refused(string key, string value, ErrorCode expected)
    {
        var world = new World();
        IncrementalAlterConfigsResponse response = world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = (sbyte)ConfigResourceType.Group, ResourceName = "g", Configs = [new() { Name = key, ConfigOperation = 0, Value = value }] }],
        }));

        Assert.Equal(expected, response.Responses[0].ErrorCode);
        Assert.Equal(expected == ErrorCode.None, world.Image.ConfigOf(new ConfigResource(ConfigResourceType.Group, "g")).ContainsKey(key));
    }
}
