using Tidemark.Metadata.Configuration;

namespace Tidemark.Metadata.Tests.Configuration;

public sealed class BrokerConfigTests
{
    private static readonly Dictionary<string, string> s_file = new()
    {
        ["process.roles"] = "broker,controller",
        ["node.id"] = "7",
        ["controller.listener.names"] = "CONTROLLER",
        ["log.retention.hours"] = "2",
    };

    [Fact]
    public void A_key_of_groups_that_brokers_have_no_key_for_shows_its_default_as_a_place()
    {
        ConfigKey key = ConfigTable.Group.Find("share.auto.offset.reset")!;
        ConfigSynonym byDefault = new(key.Name, "latest", ConfigSource.Default);
        Assert.Equal([byDefault], ResourceConfig.OfGroup(new Dictionary<string, string>(), BrokerConfig.Empty).Describe(key).Synonyms);
        Assert.Equal(
            [new ConfigSynonym(key.Name, "earliest", ConfigSource.Group), byDefault],
            ResourceConfig.OfGroup(new Dictionary<string, string> { [key.Name] = "earliest" }, BrokerConfig.Empty).Describe(key).Synonyms);
    }

    [Fact]
    public void A_good_file_has_no_problems_and_the_two_names_of_the_node_id_agree()
    {
        BrokerConfig config = BrokerConfig.Parse(s_file, out IReadOnlyList<ConfigProblem> problems);
        Assert.Empty(problems);
        Assert.Equal(7, config.GetInt("broker.id"));
        Assert.Equal("broker,controller", string.Join(',', config.GetList("process.roles")));
    }

    [Fact]
    public void An_unknown_key_is_a_warning_and_a_bad_value_is_fatal()
    {
        BrokerConfig.Parse(
            [.. s_file, new("no.such.key", "1"), new("num.partitions", "0"), new("listener.name.external.ssl.keystore.location", "x")],
            out IReadOnlyList<ConfigProblem> problems);
        Assert.Equal(["no.such.key", "num.partitions"], problems.Select(problem => problem.Key));
        Assert.False(problems[0].IsFatal);
        Assert.True(problems[1].IsFatal);
    }

    [Fact]
    public void A_missing_required_key_is_fatal()
    {
        BrokerConfig.Parse([], out IReadOnlyList<ConfigProblem> problems);
        Assert.Equal(["controller.listener.names", "node.id", "process.roles"], problems.Select(problem => problem.Key));
        Assert.All(problems, problem => Assert.True(problem.IsFatal));
    }

    [Fact]
    public void The_strongest_layer_counts_and_all_are_shown()
    {
        BrokerConfig config = BrokerConfig.Parse([.. s_file, new("log.segment.bytes", "2000000")], out _)
            .WithDynamic([new("log.segment.bytes", "3000000")], [new("log.segment.bytes", "4000000")]);
        Assert.Equal(4000000, config.GetInt("log.segment.bytes"));
        DescribedConfig described = config.Describe("log.segment.bytes");
        Assert.Equal(ConfigSource.DynamicBroker, described.Source);
        Assert.Equal(
            [ConfigSource.DynamicBroker, ConfigSource.DynamicDefaultBroker, ConfigSource.StaticBroker, ConfigSource.Default],
            described.Synonyms.Select(place => place.Source));
        DescribedConfig ofAll = config.Describe("log.segment.bytes", defaultsOnly: true);
        Assert.Equal(("3000000", "3000000"), (ofAll.Value, ofAll.Synonyms.Single().Value));
    }

    [Fact]
    public void The_rate_of_a_throttle_is_shown_and_is_not_secret()
    {
        BrokerConfig config = BrokerConfig.Parse(s_file, out _).WithDynamic([], [new("leader.replication.throttled.rate", "1000")]);
        DescribedConfig described = config.Describe("leader.replication.throttled.rate");
        Assert.Equal(("1000", ConfigType.Long, ConfigSource.DynamicBroker), (described.Value, described.Key?.Type, described.Source));
        Assert.Equal((false, false), (described.IsSensitive, described.IsReadOnly));
        Assert.Equal("1000", described.Synonyms.Single().Value);
    }

    [Fact]
    public void A_listeners_key_is_described_as_the_key_behind_its_name()
    {
        BrokerConfig config = BrokerConfig.Parse([], out _).WithDynamic(
            [new("max.connections", "50")],
            [new("listener.name.a.max.connections", "5"), new("listener.name.a.ssl.truststore.password", "secret"), new("listener.name.a.of.a.plugin", "1")]);

        DescribedConfig described = config.Describe("listener.name.a.max.connections");
        Assert.Equal(("5", ConfigType.Int, ConfigSource.DynamicBroker, true, false), (described.Value, described.Key?.Type, described.Source, described.IsReadOnly, described.IsSensitive));
        Assert.Equal(
            [
                new("listener.name.a.max.connections", "5", ConfigSource.DynamicBroker),
                new("max.connections", "50", ConfigSource.DynamicDefaultBroker),
                new("max.connections", "2147483647", ConfigSource.Default),
            ],
            described.Synonyms);

        DescribedConfig password = config.Describe("listener.name.a.ssl.truststore.password");
        Assert.Equal((null, ConfigType.Password, true), (password.Value, password.Key?.Type, password.IsSensitive));
        DescribedConfig unknown = config.Describe("listener.name.a.of.a.plugin");
        Assert.Equal((null, null, true), (unknown.Value, unknown.Key, unknown.IsSensitive));
    }

    [Fact]
    public void A_bad_value_set_at_run_time_leaves_the_weaker_layer_in_force()
    {
        BrokerConfig config = BrokerConfig.Parse(s_file, out _).WithDynamic([new("log.segment.bytes", "nonsense")], []);
        Assert.Equal(1073741824, config.GetInt("log.segment.bytes"));
    }

    [Fact]
    public void A_topic_takes_its_retention_from_the_finest_unit_that_the_broker_sets()
    {
        BrokerConfig hours = BrokerConfig.Parse(s_file, out _);
        Assert.Equal(7200000, ResourceConfig.OfTopic(new Dictionary<string, string>(), hours).GetLong("retention.ms"));
        BrokerConfig minutes = BrokerConfig.Parse([.. s_file, new("log.retention.minutes", "3")], out _);
        Assert.Equal(180000, ResourceConfig.OfTopic(new Dictionary<string, string>(), minutes).GetLong("retention.ms"));
        Assert.Equal(5, ResourceConfig.OfTopic(new Dictionary<string, string> { ["retention.ms"] = "5" }, minutes).GetLong("retention.ms"));
    }

    [Fact]
    public void A_topic_key_shows_its_own_value_and_the_brokers()
    {
        DescribedConfig described = ResourceConfig.OfTopic(new Dictionary<string, string> { ["cleanup.policy"] = "compact" }, BrokerConfig.Empty)
            .Describe(ConfigTable.Topic.Find("cleanup.policy")!);
        Assert.Equal("compact", described.Value);
        Assert.Equal(
            [new ConfigSynonym("cleanup.policy", "compact", ConfigSource.Topic), new ConfigSynonym("log.cleanup.policy", "delete", ConfigSource.Default)],
            described.Synonyms);
    }

    [Fact]
    public void Hours_do_not_show_as_a_place_of_the_milliseconds()
    {
        Assert.Empty(BrokerConfig.Empty.Describe("log.retention.ms").Synonyms);
        Assert.Null(BrokerConfig.Empty.Describe("log.retention.ms").Value);
        Assert.Equal("log.retention.hours", BrokerConfig.Empty.Describe("log.retention.hours").Synonyms.Single().Name);
    }

    [Theory]
    [InlineData("min.compaction.lag.ms", "10", "max.compaction.lag.ms", "5")]
    [InlineData("remote.storage.enable", "true", "retention.ms", "5")]
    public void Values_that_do_not_go_together_are_refused(string first, string firstValue, string second, string secondValue)
    {
        var overrides = new Dictionary<string, string> { [first] = firstValue, [second] = secondValue };
        Assert.NotNull(TopicConfigRules.ProblemOf(overrides, BrokerConfig.Empty));
    }
}
