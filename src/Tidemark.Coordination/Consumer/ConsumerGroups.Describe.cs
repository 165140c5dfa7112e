using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Consumer;

/// <summary>ConsumerGroupDescribe: groups as they are committed.</summary>
public sealed partial class ConsumerGroups
{
    private const sbyte ClassicMemberType = 0;
    private const sbyte ConsumerMemberType = 1;

    /// <summary>Describes groups; what is only written and not committed yet is not told.</summary>
    public void Describe(long ticket, IEnumerable<string> groups)
    {
        var response = new ConsumerGroupDescribeResponse();
        foreach (string id in groups)
        {
            response.Groups.Add(Describe(id));
        }

        Shard.RespondAtOnce(ticket, response);
    }

    private ConsumerGroupDescribeResponse.DescribedGroup Describe(string id)
    {
        if (!Shard.View.Groups.ServesConsumerGroups)
        {
            return new ConsumerGroupDescribeResponse.DescribedGroup { GroupId = id, ErrorCode = ConsumerRefusal.NotServed.Error, ErrorMessage = ConsumerRefusal.NotServed.Message };
        }

        if (id.Length == 0 || _groups.FindCommitted(id) is not { } group)
        {
            return new ConsumerGroupDescribeResponse.DescribedGroup
            {
                GroupId = id,
                ErrorCode = id.Length == 0 ? ErrorCode.InvalidGroupId : ErrorCode.GroupIdNotFound,
                ErrorMessage = Told.Short(id.Length == 0 ? "The group id is empty." : Shard.Find(id) is { } other ? $"Group {id} is a {other.Kind} group." : $"There is no group {id}."),
            };
        }

        var described = new ConsumerGroupDescribeResponse.DescribedGroup
        {
            GroupId = id,
            GroupState = group.State,
            GroupEpoch = group.Epoch,
            AssignmentEpoch = group.AssignmentEpoch,
            AssignorName = AssignorOf(group),

            // Kafka has nothing to say there; its clients look at it where there is an error only.
            ErrorMessage = _activity.GetValueOrDefault(id)?.Reasons.LastOrDefault() is { Reason: { } reason } last ? $"epoch {last.Epoch} began at {last.AtMs}: {reason}" : null,
        };
        foreach (ConsumerMember member in group.Members.Values)
        {
            described.Members.Add(new ConsumerGroupDescribeResponse.Member
            {
                MemberId = member.Id,
                InstanceId = member.InstanceId,
                RackId = member.RackId,
                MemberEpoch = member.Epoch,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                SubscribedTopicNames = JavaOrder(member.TopicNames),
                SubscribedTopicRegex = member.TopicRegex,
                Assignment = Partitions(member.Assigned.All.Concat(member.Revoking.All).Select(p => (p.Topic, p.Partition))),
                TargetAssignment = Partitions(group.TargetOf(member.Id, member.InstanceId).All),
                MemberType = member.Classic is null ? ConsumerMemberType : ClassicMemberType,
            });
        }

        return described;
    }

    /// <summary>Topics that were deleted are left out. What a member was told to give up it has until it says that it did.</summary>
    private ConsumerGroupDescribeResponse.Assignment Partitions(IEnumerable<(Uuid Topic, int Partition)> partitions)
    {
        var assignment = new ConsumerGroupDescribeResponse.Assignment();
        foreach (IGrouping<Uuid, (Uuid Topic, int Partition)> topic in partitions.GroupBy(p => p.Topic))
        {
            if (Shard.View.Topics.Find(topic.Key) is { } known)
            {
                assignment.TopicPartitions.Add(new ConsumerGroupDescribeResponse.TopicPartitions { TopicId = topic.Key, TopicName = known.Name, Partitions = [.. topic.Select(p => p.Partition).Order()] });
            }
        }

        return assignment;
    }

    /// <summary>Names in the order in which Kafka's coordinator, which keeps them in a hash set, tells them; tools show them so.</summary>
    internal static List<string> JavaOrder(IReadOnlyList<string> names)
    {
        const int SmallestTable = 16;
        int buckets = SmallestTable;
        while (buckets < (int)(names.Count / 0.75f) + 1)
        {
            buckets *= 2;
        }

        return [.. names.OrderBy(name => (KeyPartition.HashOf(name) ^ (KeyPartition.HashOf(name) >>> 16)) & (buckets - 1))];
    }
}
