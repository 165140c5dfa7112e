using Tidemark.Broker.Cluster;
using Tidemark.Coordination;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;

namespace Tidemark.Broker.Coordinating;

/// <summary>Makes what coordinators see of the cluster from an image of the metadata and the broker's configuration.</summary>
internal static class CoordinatorViews
{
    /// <summary>The level of the feature group.version from which the cluster's nodes agree to serve the consumer protocol.</summary>
    private const short ConsumerGroupsFrom = 1;

    public static CoordinatorView Of(MetadataImage image, ClusterTopics topics, BrokerConfig config) => new(
        topics,
        Groups(config, image),
        Transactions(config, image),
        group => image.Configs.TryGetValue(new ConfigResource(ConfigResourceType.Group, group), out var values) ? values : null);

    private static GroupSettings Groups(BrokerConfig config, MetadataImage image)
    {
        string policy = config.GetString("group.consumer.migration.policy");
        bool Allows(string direction) =>
            policy.Equals(direction, StringComparison.OrdinalIgnoreCase) || policy.Equals("BIDIRECTIONAL", StringComparison.OrdinalIgnoreCase);
        (int Least, int Most) Bounds(string key) => (config.GetInt($"group.consumer.min.{key}"), config.GetInt($"group.consumer.max.{key}"));
        return new GroupSettings
        {
            SessionTimeoutMinMs = config.GetInt("group.min.session.timeout.ms"),
            SessionTimeoutMaxMs = config.GetInt("group.max.session.timeout.ms"),
            InitialRebalanceDelayMs = config.GetInt("group.initial.rebalance.delay.ms"),
            MembersMax = config.GetInt("group.max.size"),
            OffsetMetadataMaxBytes = config.GetInt("offset.metadata.max.bytes"),
            OffsetsRetentionMs = config.GetInt("offsets.retention.minutes") * 60_000L,
            OffsetsRetentionCheckMs = config.GetLong("offsets.retention.check.interval.ms"),
            ServesConsumerGroups = config.GetList("group.coordinator.rebalance.protocols").Contains("consumer")
                && image.Features.GetValueOrDefault(FeatureTable.Group) >= ConsumerGroupsFrom,
            ConsumerMembersMax = config.GetInt("group.consumer.max.size"),
            ConsumerSessionTimeoutMs = config.GetInt("group.consumer.session.timeout.ms"),
            ConsumerHeartbeatIntervalMs = config.GetInt("group.consumer.heartbeat.interval.ms"),
            ConsumerHeartbeatsArePrompt = config.GetBoolean("tidemark.group.consumer.prompt.heartbeat.enable"),
            ConsumerAssignmentIntervalMs = config.GetInt("group.consumer.assignment.interval.ms"),
            ConsumerSessionTimeoutBounds = Bounds("session.timeout.ms"),
            ConsumerHeartbeatIntervalBounds = Bounds("heartbeat.interval.ms"),
            ConsumerAssignmentIntervalBounds = Bounds("assignment.interval.ms"),
            ConsumerAssignors = config.GetList("group.consumer.assignors"),
            MayUpgrade = Allows("UPGRADE"),
            MayDowngrade = Allows("DOWNGRADE"),
            RegexRefreshMs = config.GetInt("group.consumer.regex.refresh.interval.ms"),
        };
    }

    private static TransactionSettings Transactions(BrokerConfig config, MetadataImage image) => new()
    {
        TimeoutMaxMs = config.GetInt("transaction.max.timeout.ms"),
        IdExpirationMs = config.GetInt("transactional.id.expiration.ms"),
        IdCleanupMs = config.GetInt("transaction.remove.expired.transaction.cleanup.interval.ms"),
        AbortTimedOutMs = config.GetInt("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
        Version = image.Features.GetValueOrDefault(FeatureTable.Transaction),
    };
}
