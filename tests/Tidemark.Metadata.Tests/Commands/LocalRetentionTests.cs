using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What stays on local disk of a tiered log, against all that is kept of it. The answers are Apache Kafka's to the same requests.</summary>
public sealed class LocalRetentionTests
{
    private const sbyte Topic = 2, Broker = 4;

    private readonly World _world = new(brokers: 1);

    [Theory]
    [InlineData("log.retention.ms=1000", "log.local.retention.ms=2000", "log.local.retention.ms")]
    [InlineData("log.retention.bytes=1000", "log.local.retention.bytes=2000", "log.local.retention.bytes")]
    [InlineData("log.retention.bytes=1000", "log.local.retention.bytes=-1", "log.local.retention.bytes")]
    [InlineData("log.local.retention.ms=691200000", null, "604800000")]
    [InlineData("log.local.retention.ms=-1", null, "604800000")]
    public void A_broker_keeps_no_more_locally_than_it_keeps(string one, string? other, string said)
    {
        foreach (string broker in new[] { "1", "" })
        {
            (ErrorCode error, string? message) = Set(Broker, broker, one, other);
            Assert.Equal(ErrorCode.InvalidRequest, error);
            Assert.Contains(said, message);
        }
    }

    [Theory]
    [InlineData("log.retention.ms=-1", "log.local.retention.ms=691200000")]
    [InlineData("log.retention.ms=-1", "log.local.retention.ms=-1")]
    [InlineData("log.retention.bytes=2000", "log.local.retention.bytes=2000")]
    [InlineData("log.retention.bytes=2000", "log.local.retention.bytes=-2")]
    [InlineData("log.local.retention.bytes=2000", null)]
    public void As_much_or_less_is_taken(string one, string? other)
    {
        Assert.Equal(ErrorCode.None, Set(Broker, "1", one, other).Error);
        Assert.Equal(ErrorCode.None, Set(Broker, "", one, other).Error);
    }

    [Fact]
    public void What_is_set_already_counts_wherever_it_is_set()
    {
        Assert.Equal(ErrorCode.None, Set(Broker, "", "log.retention.ms=-1", "log.local.retention.ms=691200000").Error);
        Assert.Equal(ErrorCode.InvalidRequest, Set(Broker, "1", "log.retention.ms=1000").Error);
        Assert.Equal(ErrorCode.InvalidRequest, Set(Broker, "", "log.retention.ms").Error);
        Assert.Equal(ErrorCode.InvalidRequest, Replace("min.insync.replicas=1", "log.local.retention.ms=691200000"));
        Assert.Equal(ErrorCode.None, Replace("min.insync.replicas=1"));
    }

    [Theory]
    [InlineData("60", ErrorCode.None)]
    [InlineData("59", ErrorCode.InvalidRequest)]
    public void The_file_may_name_minutes(string minutes, ErrorCode expected)
    {
        _world.File = BrokerConfig.Parse([new("log.retention.minutes", minutes)], out _);
        Assert.Equal(expected, Set(Broker, "1", "log.local.retention.ms=3600000").Error);
    }

    [Fact]
    public void A_topic_that_is_not_tiered_may_say_what_it_likes()
    {
        _world.CreateTopic("t", 1, 1, ("retention.ms", "1000"), ("local.retention.ms", "2000"));
        Assert.Equal(ErrorCode.None, Set(Topic, "t", "retention.bytes=1000", "local.retention.bytes=2000").Error);
    }

    /// <summary>Each key with its value; without one it is removed.</summary>
    private (ErrorCode Error, string? Message) Set(sbyte type, string name, params string?[] changes)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource { ResourceType = type, ResourceName = name };
        foreach (string change in changes.OfType<string>())
        {
            string[] sides = change.Split('=');
            resource.Configs.Add(new() { Name = sides[0], ConfigOperation = (sbyte)(sides.Length == 1 ? 1 : 0), Value = sides.ElementAtOrDefault(1) });
        }

        IncrementalAlterConfigsResponse.AlterConfigsResourceResponse answer =
            Assert.Single(_world.Do(context => IncrementalAlterConfigs.Decide(context, new IncrementalAlterConfigsRequest { Resources = [resource] })).Responses);
        return (answer.ErrorCode, answer.ErrorMessage);
    }

    /// <summary>All that is set for all brokers.</summary>
    private ErrorCode Replace(params string[] all)
    {
        var resource = new AlterConfigsRequest.AlterConfigsResource { ResourceType = Broker, ResourceName = "" };
        resource.Configs.AddRange(all.Select(each => each.Split('=')).Select(sides => new AlterConfigsRequest.AlterableConfig { Name = sides[0], Value = sides[1] }));
        return Assert.Single(_world.Do(context => AlterConfigs.Decide(context, new AlterConfigsRequest { Resources = [resource] })).Responses).ErrorCode;
    }
}
