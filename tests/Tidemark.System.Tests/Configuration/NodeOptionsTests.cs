using Tidemark.Server.Configuration;

namespace Tidemark.System.Tests.Configuration;

public sealed class NodeOptionsTests
{
    private static readonly Dictionary<string, string> s_good = new()
    {
        ["process.roles"] = "broker,controller",
        ["node.id"] = "1",
        ["listeners"] = "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
        ["controller.listener.names"] = "CONTROLLER",
        ["controller.quorum.voters"] = "1@127.0.0.1:9093",
        ["log.dirs"] = "/data/a,/data/b",
    };

    [Fact]
    public void A_good_file_is_read_as_a_whole()
    {
        NodeOptions options = NodeOptions.Read(s_good, out IReadOnlyList<string> warnings);
        Assert.Empty(warnings);
        Assert.Equal(1, options.NodeId);
        Assert.Equal([new("PLAINTEXT", "127.0.0.1", 9092)], options.Advertised);
        Assert.Equal(["CONTROLLER"], options.ControllerListenerNames);
        Assert.Equal("PLAINTEXT", options.InterBrokerListenerName);
        Assert.Equal(["/data/a", "/data/b"], options.LogDirectories);
        Assert.Equal("/data/a", options.MetadataDirectory);
        Assert.Null(options.Rack);
    }

    [Theory]
    [InlineData("controller.quorum.voters", "1@127.0.0.1:9093", true)]
    [InlineData("controller.quorum.voters", "1@127.0.0.1:9093,2@127.0.0.1:9094", false)]
    [InlineData("controller.quorum.bootstrap.servers", "127.0.0.1:9093", false)]
    public void A_node_is_alone_only_where_the_only_voter_is_fixed(string key, string value, bool isAlone)
    {
        var properties = new Dictionary<string, string>(s_good);
        properties.Remove("controller.quorum.voters");
        properties[key] = value;
        Assert.Equal(isAlone, NodeOptions.Read(properties, out _).IsAlone);
    }

    [Fact]
    public void An_unknown_key_is_a_warning_that_names_it()
    {
        NodeOptions.Read(new Dictionary<string, string>(s_good) { ["log.dris"] = "/x" }, out IReadOnlyList<string> warnings);
        Assert.Contains("log.dris", Assert.Single(warnings));
    }

    [Theory]
    [InlineData("num.partitions", "many")]
    [InlineData("num.partitions", "0")]
    [InlineData("log.cleanup.policy", "shred")]
    [InlineData("process.roles", "controller", "listeners")]
    [InlineData("process.roles", "broker", "listeners")]
    [InlineData("process.roles", "broker,broker")]
    [InlineData("process.roles", "boss")]
    [InlineData("listeners", "PLAINTEXT://:9092")]
    [InlineData("listeners", "CONTROLLER://:9093")]
    [InlineData("listeners", "PLAINTEXT://:9092,CONTROLLER://:9092")]
    [InlineData("listeners", "INSIDE://:9092,CONTROLLER://:9093", "listener.security.protocol.map")]
    [InlineData("listener.security.protocol.map", "PLAINTEXT:SSL,CONTROLLER:PLAINTEXT")]
    [InlineData("listener.security.protocol.map", "PLAINTEXT:OPEN")]
    [InlineData("controller.quorum.voters", "2@127.0.0.1:9093")]
    [InlineData("controller.quorum.voters", "here")]
    [InlineData("advertised.listeners", "PLAINTEXT://0.0.0.0:9092")]
    [InlineData("advertised.listeners", "OTHER://host:9092")]
    [InlineData("inter.broker.listener.name", "CONTROLLER")]
    [InlineData("log.dirs", "/data/a,/data/a")]
    [InlineData("create.topic.policy.class.name", "com.example.OnlyOurTopics")]
    [InlineData("alter.config.policy.class.name", "com.example.OnlyOurSettings")]
    [InlineData("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer")]
    [InlineData("security.inter.broker.protocol", "SASL_SSL")]
    [InlineData("config.providers", "file")]
    [InlineData("group.coordinator.rebalance.protocols", "consumer")]
    [InlineData("queued.max.request.bytes", "104857599")]
    public void A_bad_value_stops_with_the_key_and_the_value(string key, string value, string? named = null)
    {
        var failure = Assert.Throws<ConfigurationException>(() => NodeOptions.Read(new Dictionary<string, string>(s_good) { [key] = value }, out _));
        Assert.Contains(named ?? key, failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Theory]
    [InlineData("process.roles")]
    [InlineData("node.id")]
    [InlineData("controller.listener.names")]
    [InlineData("controller.quorum.voters")]
    public void What_must_be_set_is_asked_for(string key)
    {
        var without = new Dictionary<string, string>(s_good);
        without.Remove(key);
        Assert.Contains(key, Assert.Throws<ConfigurationException>(() => NodeOptions.Read(without, out _)).Message);
    }

    [Fact]
    public void A_controller_alone_has_controller_listeners_only_and_tells_clients_nothing()
    {
        NodeOptions options = NodeOptions.Read(new Dictionary<string, string>(s_good) { ["process.roles"] = "controller", ["listeners"] = "CONTROLLER://:9093" }, out _);
        Assert.False(options.IsBroker);
        Assert.Empty(options.Advertised);
        Listener told = Assert.Single(options.AdvertisedControllers);
        Assert.Equal(9093, told.Port);
        Assert.NotEqual("", told.Host);
    }

    [Fact]
    public void A_broker_alone_follows_controllers_elsewhere()
    {
        NodeOptions options = NodeOptions.Read(
            new Dictionary<string, string>(s_good) { ["process.roles"] = "broker", ["listeners"] = "PLAINTEXT://a:9092", ["controller.quorum.voters"] = "7@b:9093" }, out _);
        Assert.False(options.IsController);
        Assert.Empty(options.AdvertisedControllers);
    }

    [Fact]
    public void Controllers_are_told_of_each_other_as_advertised_listeners_say()
    {
        NodeOptions options = NodeOptions.Read(
            new Dictionary<string, string>(s_good) { ["advertised.listeners"] = "PLAINTEXT://a:9092,CONTROLLER://c.example:19093" }, out _);
        Assert.Equal([new("PLAINTEXT", "a", 9092)], options.Advertised);
        Assert.Equal([new("CONTROLLER", "c.example", 19093)], options.AdvertisedControllers);
    }

    [Fact]
    public void Listeners_may_have_names_of_ones_own_when_the_map_knows_them()
    {
        var named = new Dictionary<string, string>(s_good)
        {
            ["listeners"] = "INSIDE://:9092,OUTSIDE://:9094,BOSS://:9093",
            ["advertised.listeners"] = "INSIDE://a:9092,OUTSIDE://b:9094",
            ["controller.listener.names"] = "BOSS",
            ["listener.security.protocol.map"] = "inside:plaintext,OUTSIDE:PLAINTEXT,BOSS:PLAINTEXT",
            ["inter.broker.listener.name"] = "INSIDE",
        };
        NodeOptions options = NodeOptions.Read(named, out _);
        Assert.Equal("INSIDE", options.InterBrokerListenerName);
        Assert.Equal(2, options.Advertised.Count);
    }
}
