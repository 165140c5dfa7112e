using Tidemark.Metadata.Commands.Configs;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>What may be set for a broker while it runs.</summary>
public sealed class BrokerConfigRulesTests
{
    private const string Listeners = "PLAINTEXT://:9092,CONTROLLER://:9093";

    [Theory]
    [InlineData("listeners", "PLAINTEXT://:9092,EXTRA://:9094,CONTROLLER://:9093")]
    [InlineData("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,EXTRA:PLAINTEXT")]
    [InlineData("advertised.listeners", "PLAINTEXT://elsewhere:9092")]
    [InlineData("cordoned.log.dirs", "/data/a,/data/c")]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048576")]
    [InlineData("log.cleaner.threads", "0")]
    [InlineData("log.roll.ms", "0")]
    [InlineData("max.connections", "0")]
    [InlineData("listener.name.plaintext.max.connections", "0")]
    [InlineData("max.connection.creation.rate", "0")]
    [InlineData("max.connections.per.ip", "0")]
    [InlineData("max.connections.per.ip.overrides", "rubbish")]
    [InlineData("max.connections.per.ip.overrides", "10.0.0.1:few")]
    [InlineData("listener.name.plaintext.max.connection.creation.rate", "-5")]
    public void What_would_not_hold_is_refused_and_says_why(string key, string value)
    {
        IncrementalAlterConfigsResponse.AlterConfigsResourceResponse answer = Set(key, value);

        Assert.Equal(ErrorCode.InvalidRequest, answer.ErrorCode);
        Assert.Contains(key[(key.LastIndexOf("plaintext.", StringComparison.Ordinal) is var at && at > 0 ? at + 10 : 0)..], answer.ErrorMessage);
    }

    [Theory]
    [InlineData("listeners", Listeners)]
    [InlineData("cordoned.log.dirs", "/data/b")]
    [InlineData("cordoned.log.dirs", "*")]
    [InlineData("cordoned.log.dirs", "")]
    [InlineData("log.cleaner.dedupe.buffer.size", "1048577")]
    [InlineData("log.cleaner.threads", "2")]
    [InlineData("max.connections.per.ip.overrides", "10.0.0.1:5, ::1:7")]
    [InlineData("listener.name.plaintext.max.connections", "500")]
    [InlineData("listener.name.plaintext.max.connection.creation.rate", "5")]
    public void What_holds_at_once_is_taken(string key, string value) => Assert.Equal(ErrorCode.None, Set(key, value).ErrorCode);

    [Theory]
    [InlineData("listener.name.plaintext.max.connections", "500")]
    [InlineData("listener.name.plaintext.max.connection.creation.rate", "5")]
    [InlineData("listener.name.plaintext.num.network.threads", "3")]
    [InlineData("listener.name.without-a-key", "1")]
    public void Limits_of_a_listener_are_taken_for_all_brokers(string key, string value) => Assert.Equal(ErrorCode.None, Set(key, value, broker: "").ErrorCode);

    [Theory]
    [InlineData("listener.name.plaintext.ssl.keystore.location", "keys.jks")]
    [InlineData("listener.name.plaintext.of.a.plugin", "1")]
    public void Other_keys_of_a_listener_are_a_single_brokers(string key, string value)
    {
        Assert.Equal(ErrorCode.None, Set(key, value).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Set(key, value, broker: "").ErrorCode);
    }

    [Theory]
    [InlineData("ssl.truststore.type")]
    [InlineData("ssl.truststore.password")]
    [InlineData("ssl.keystore.certificate.chain")]
    public void Keys_and_certificates_change_for_one_listener_only(string key)
    {
        Assert.Equal(ErrorCode.InvalidRequest, Set(key, "PEM").ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Set(key, "PEM", broker: "").ErrorCode);
        Assert.Equal(ErrorCode.None, Set("listener.name.plaintext." + key, "PEM").ErrorCode);
        Assert.Equal(ErrorCode.None, Set("ssl.protocol", "TLSv1.3").ErrorCode);
    }

    [Theory]
    [InlineData("2", "num.io.threads")]
    [InlineData("2", "advertised.listeners")]
    public void Nothing_is_set_for_a_node_that_is_not_registered(string broker, string key) =>
        Assert.Equal(ErrorCode.BrokerIdNotRegistered, Set(key, "8", broker).ErrorCode);

    private static IncrementalAlterConfigsResponse.AlterConfigsResourceResponse Set(string key, string value, string broker = "1")
    {
        var world = new World(brokers: 1) { File = BrokerConfig.Parse([new("log.dirs", "/data/a,/data/b"), new("listeners", Listeners)], out _) };
        var request = new IncrementalAlterConfigsRequest
        {
            Resources = [new() { ResourceType = 4, ResourceName = broker, Configs = [new() { Name = key, ConfigOperation = 0, Value = value }] }],
        };
        return Assert.Single(world.Do(context => IncrementalAlterConfigs.Decide(context, request)).Responses);
    }
}
