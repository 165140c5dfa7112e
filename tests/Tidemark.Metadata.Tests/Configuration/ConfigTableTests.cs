using Tidemark.Metadata.Configuration;

namespace Tidemark.Metadata.Tests.Configuration;

public sealed class ConfigTableTests
{
    [Fact]
    public void Tables_hold_every_key_of_Kafka_4_3()
    {
        Assert.Equal(360, ConfigTable.Broker.Keys.Count(key => !IsOurs(key)));
        Assert.Equal(34, ConfigTable.Topic.Keys.Length);
        Assert.Equal(17, ConfigTable.Group.Keys.Length);
        Assert.Equal(3, ConfigTable.ClientMetrics.Keys.Length);
    }

    [Fact]
    public void Keys_that_Kafka_has_not_are_known_and_not_shown_to_clients()
    {
        ConfigKey[] ours = [.. ConfigTable.Broker.Keys.Where(IsOurs)];
        Assert.Equal(
            ["leader.imbalance.per.broker.percentage", "tidemark.broker.crash.detection.enable", "tidemark.group.consumer.prompt.heartbeat.enable"],
            ours.Select(key => key.Name).Order(StringComparer.Ordinal));
        Assert.All(ours, key => Assert.True(key.IsInternal));
        Assert.True(BrokerConfig.Empty.GetBoolean("tidemark.broker.crash.detection.enable"));
        Assert.True(BrokerConfig.Empty.GetBoolean("tidemark.group.consumer.prompt.heartbeat.enable"));
    }

    /// <summary>Also what Kafka had until 4.0 and users set.</summary>
    private static bool IsOurs(ConfigKey key) => key.Name.StartsWith("tidemark.", StringComparison.Ordinal) || key.Name == "leader.imbalance.per.broker.percentage";

    [Fact]
    public void Every_key_that_names_a_broker_key_names_one_that_exists()
    {
        foreach (ConfigKey key in ConfigTable.Topic.Keys.Concat(ConfigTable.Group.Keys))
        {
            Assert.All(key.BrokerSynonyms, name => Assert.NotNull(ConfigTable.Broker.Find(name)));
        }
    }

    [Fact]
    public void Every_key_is_documented_in_one_sentence()
    {
        foreach (ConfigKey key in ConfigTable.Broker.Keys.Concat(ConfigTable.Topic.Keys).Concat(ConfigTable.Group.Keys))
        {
            Assert.EndsWith(".", key.Documentation);
            Assert.True(char.IsUpper(key.Documentation[0]), key.Name);
        }
    }

    [Theory]
    [InlineData("retention.ms", " 5 ", true)]
    [InlineData("retention.ms", "-2", false)]
    [InlineData("retention.ms", "", false)]
    [InlineData("retention.ms", "9223372036854775808", false)]
    [InlineData("cleanup.policy", "", true)]
    [InlineData("cleanup.policy", "compact, delete", true)]
    [InlineData("cleanup.policy", "delete,", false)]
    [InlineData("cleanup.policy", "delete,delete", false)]
    [InlineData("preallocate", "TRUE", true)]
    [InlineData("preallocate", "yes", false)]
    [InlineData("min.cleanable.dirty.ratio", "1.5", false)]
    [InlineData("min.cleanable.dirty.ratio", "1e-1", true)]
    [InlineData("compression.gzip.level", "0", false)]
    [InlineData("compression.gzip.level", "-1", true)]
    [InlineData("leader.replication.throttled.replicas", "0:1,1:2", true)]
    [InlineData("leader.replication.throttled.replicas", "*", true)]
    [InlineData("leader.replication.throttled.replicas", "x", false)]
    [InlineData("segment.bytes", "10", false)]
    [InlineData("log.retention.ms", "5", false)]
    public void Topic_values_are_taken_or_refused_as_Kafka_does(string name, string value, bool allowed) =>
        Assert.Equal(allowed, ConfigTable.Topic.ProblemOf(name, value) is null);

    [Theory]
    [InlineData("latest", true)]
    [InlineData("EARLIEST", true)]
    [InlineData("by_duration:PT1H", true)]
    [InlineData("by_duration:P2DT3H4M5.5S", true)]
    [InlineData("by_duration:P1H", false)]
    [InlineData("by_duration:PT", false)]
    [InlineData("by_duration:PT1S2M", false)]
    [InlineData("none", false)]
    public void Share_groups_start_at_an_end_or_a_duration_ago(string value, bool allowed) =>
        Assert.Equal(allowed, ConfigTable.Group.ProblemOf("share.auto.offset.reset", value) is null);

    [Fact]
    public void A_refusal_names_key_value_and_what_is_allowed()
    {
        string problem = ConfigTable.Topic.ProblemOf("segment.bytes", "10")!;
        Assert.Contains("segment.bytes", problem);
        Assert.Contains("10", problem);
        Assert.Contains("[1048576,...]", problem);
    }

    [Fact]
    public void A_refusal_of_a_password_does_not_show_it()
    {
        ConfigKey key = ConfigTable.Broker.Find("ssl.key.password")!.Checked(ConfigRule.NonEmptyString);
        Assert.False(ConfigValue.TryParse(key, "   ", out _, out string problem));
        Assert.DoesNotContain("   ", problem);
    }

    [Theory]
    [InlineData(0.5, "0.5")]
    [InlineData(1, "1.0")]
    [InlineData(0, "0.0")]
    [InlineData(double.MaxValue, "1.7976931348623157E308")]
    [InlineData(1e7, "1.0E7")]
    [InlineData(-123456789.25, "-1.2345678925E8")]
    [InlineData(0.0001, "1.0E-4")]
    [InlineData(9999999.5, "9999999.5")]
    public void Doubles_are_written_as_Java_writes_them(double value, string text) => Assert.Equal(text, JavaNumber.Format(value));
}
