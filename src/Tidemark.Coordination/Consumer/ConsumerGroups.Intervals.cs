using System.Globalization;

namespace Tidemark.Coordination.Consumer;

/// <summary>How often members heartbeat and how long they may be silent.</summary>
/// <remarks>
/// A member hears of a new assignment with its next heartbeat, so the interval is what a rebalance takes. The broker's is long because a coordinator may
/// have thousands of members. While it has few they are told a shorter one, in proportion to their number, so that what they send in addition is
/// bounded for the node, whatever the size and number of its groups.
/// </remarks>
public sealed partial class ConsumerGroups
{
    /// <summary>Smaller groups are told what is configured, as by Apache Kafka: in them fewer have to hear of a change.</summary>
    private const int PromptMembersMin = 5;

    /// <summary>
    /// No shorter, however few the members. librdkafka gives up a heartbeat, and its connection, that is not answered within the interval, so this is also
    /// the time in which a coordinator has to have written a rebalance's records.
    /// </summary>
    private const int PromptIntervalMsMin = 2_000;

    /// <summary>The interval by the number of members: all of the node together send one heartbeat in this time, fifty a second.</summary>
    private const int PromptIntervalMsPerMember = 20;

    /// <summary>
    /// What is set for the group, else for the broker. A value was within the bounds when it was set; bounds that were narrowed since, or are narrower
    /// at this broker, hold it too.
    /// </summary>
    private int Setting(string group, string key, int ofBroker, (int Least, int Most) bounds) => OwnSetting(group, key, bounds) ?? ofBroker;

    private int? OwnSetting(string group, string key, (int Least, int Most) bounds) =>
        Shard.View.GroupConfig(group) is { } config && config.TryGetValue(key, out string? text) && int.TryParse(text, CultureInfo.InvariantCulture, out int value)
            ? Math.Max(bounds.Least, Math.Min(bounds.Most, value))
            : null;

    private int HeartbeatIntervalMs(ConsumerGroup group, int membersOfNode)
    {
        GroupSettings settings = Shard.View.Groups;
        if (OwnSetting(group.Id, "consumer.heartbeat.interval.ms", settings.ConsumerHeartbeatIntervalBounds) is { } own)
        {
            return own;
        }

        int configured = settings.ConsumerHeartbeatIntervalMs;
        if (!settings.ConsumerHeartbeatsArePrompt || group.Members.Count < PromptMembersMin)
        {
            return configured;
        }

        // Those that joined just now are perhaps not in the node's number yet.
        long members = Math.Max(membersOfNode, Heartbeating);
        return (int)Math.Min(configured, Math.Max(PromptIntervalMsMin, members * PromptIntervalMsPerMember));
    }

    private int SessionTimeoutMs(string group) =>
        Setting(group, "consumer.session.timeout.ms", Shard.View.Groups.ConsumerSessionTimeoutMs, Shard.View.Groups.ConsumerSessionTimeoutBounds);
}
