using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Groups;

/// <summary>Asks for groups.</summary>
public static class GroupQueries
{
    /// <summary>The groups of all brokers.</summary>
    public static async Task<IReadOnlyList<ListedGroup>> ListGroupsAsync(
        this ClusterClient cluster, IEnumerable<string>? states = null, IEnumerable<string>? kinds = null, CancellationToken cancellation = default)
    {
        var request = new ListGroupsRequest { StatesFilter = [.. states ?? []], TypesFilter = [.. kinds ?? []] };
        return
        [
            .. (await cluster.SendToAllAsync<ListGroupsResponse>(request, r => r.ErrorCode, "Listing the groups", cancellation))
                .SelectMany(each => each.Response.Groups.Select(g => new ListedGroup(g.GroupId, g.GroupType.ToLowerInvariant(), g.GroupState, g.ProtocolType, each.Broker))),
        ];
    }

    /// <summary>The group, whatever its kind.</summary>
    /// <exception cref="BrokerErrorException">There is none.</exception>
    public static async Task<GroupDescription> DescribeGroupAsync(this ClusterClient cluster, string group, CancellationToken cancellation = default)
    {
        try
        {
            (ConsumerGroupDescribeResponse newer, BrokerId broker) = await cluster.AskCoordinatorAsync<ConsumerGroupDescribeResponse>(
                CoordinatorKind.Group, group, new ConsumerGroupDescribeRequest { GroupIds = [group] }, r => r.Groups[0].ErrorCode, cancellation: cancellation);
            if (newer.Groups[0].ErrorCode is not (ErrorCode.GroupIdNotFound or ErrorCode.UnsupportedVersion))
            {
                BrokerErrorException.ThrowIfError(newer.Groups[0].ErrorCode, $"Describing group {group}", newer.Groups[0].ErrorMessage);
                return Read(newer.Groups[0], broker);
            }
        }
        catch (UnsupportedApiException)
        {
            // A broker that has classic groups only.
        }

        (DescribeGroupsResponse classic, BrokerId at) = await cluster.AskCoordinatorAsync<DescribeGroupsResponse>(
            CoordinatorKind.Group, group, new DescribeGroupsRequest { Groups = [group] }, r => r.Groups[0].ErrorCode, cancellation: cancellation);
        DescribeGroupsResponse.DescribedGroup found = classic.Groups[0];
        BrokerErrorException.ThrowIfError(
            found.ErrorCode == ErrorCode.None && found.GroupState == "Dead" ? ErrorCode.GroupIdNotFound : found.ErrorCode, $"Describing group {group}", found.ErrorMessage);
        return Read(found, at);
    }

    /// <summary>All offsets that the group has committed.</summary>
    public static async Task<IReadOnlyDictionary<TopicPartition, GroupOffset>> GroupOffsetsAsync(
        this ClusterClient cluster, string group, IEnumerable<TopicPartition>? partitions = null, bool requireStable = false, CancellationToken cancellation = default)
    {
        // Names say more than ids: a topic that is deleted has no id any more.
        const short ByNameUpTo = 9;
        var asked = new OffsetFetchRequest.OffsetFetchRequestGroup
        {
            GroupId = group,
            Topics = partitions?.GroupBy(p => p.Topic)
                .Select(t => new OffsetFetchRequest.OffsetFetchRequestTopics { Name = t.Key, PartitionIndexes = [.. t.Select(p => p.Partition)] })
                .ToList(),
        };
        (OffsetFetchResponse response, _) = await cluster.AskCoordinatorAsync<OffsetFetchResponse>(
            CoordinatorKind.Group,
            group,
            new OffsetFetchRequest { Groups = [asked], RequireStable = requireStable },
            ErrorOf,
            highest: ByNameUpTo,
            cancellation: cancellation);
        BrokerErrorException.ThrowIfError(response.Groups[0].ErrorCode, $"Reading the offsets of group {group}");
        var offsets = new Dictionary<TopicPartition, GroupOffset>();
        foreach (OffsetFetchResponse.OffsetFetchResponseTopics topic in response.Groups[0].Topics)
        {
            foreach (OffsetFetchResponse.OffsetFetchResponsePartitions partition in topic.Partitions)
            {
                BrokerErrorException.ThrowIfError(partition.ErrorCode, $"Reading the offset of group {group} for {topic.Name}-{partition.PartitionIndex}");
                if (partition.CommittedOffset >= 0)
                {
                    offsets[new(topic.Name, partition.PartitionIndex)] = new(partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.Metadata ?? "");
                }
            }
        }

        return offsets;

        // Of the partitions only one that waits for the end of a transaction has an error.
        static ErrorCode ErrorOf(OffsetFetchResponse response) => response.Groups[0].ErrorCode is var whole && whole != ErrorCode.None
            ? whole
            : response.Groups[0].Topics.SelectMany(t => t.Partitions).Select(p => p.ErrorCode).FirstOrDefault(e => e != ErrorCode.None);
    }

    private static GroupDescription Read(ConsumerGroupDescribeResponse.DescribedGroup group, BrokerId coordinator) => new(
        group.GroupId,
        "consumer",
        group.GroupState,
        coordinator,
        group.AssignorName,
        group.GroupEpoch,
        group.AssignmentEpoch,
        group.ErrorMessage,
        [
            .. group.Members.Select(m => new GroupMemberDescription(
                m.MemberId, m.InstanceId, m.ClientId, m.ClientHost, m.MemberEpoch, Partitions(m.Assignment), Partitions(m.TargetAssignment))),
        ]);

    private static GroupDescription Read(DescribeGroupsResponse.DescribedGroup group, BrokerId coordinator) => new(
        group.GroupId,
        "classic",
        group.GroupState,
        coordinator,
        group.ProtocolData,
        null,
        null,
        group.ErrorMessage,
        [
            .. group.Members.Select(m => new GroupMemberDescription(
                m.MemberId,
                m.GroupInstanceId,
                m.ClientId,
                m.ClientHost,
                null,
                group.ProtocolType == ClassicAssignment.ProtocolType ? ClassicAssignment.Read(m.MemberAssignment) : [],
                null)),
        ]);

    private static TopicPartition[] Partitions(ConsumerGroupDescribeResponse.Assignment assignment) =>
        [.. assignment.TopicPartitions.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.TopicName, p)))];
}
