using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Offsets;

/// <summary>What groups have committed.</summary>
public sealed partial class OffsetStore
{
    private const long NoOffset = -1;

    /// <summary>
    /// Takes one group of an OffsetFetch; the answer is an <see cref="OffsetFetchResponse.OffsetFetchResponseGroup"/>. Who wants stable offsets
    /// is told of all that is written, and has the answer when that is committed; others have what is committed now.
    /// </summary>
    /// <param name="byId">Whether topics are named by their ids, in the request and in the answer.</param>
    public void Fetch(long ticket, OffsetFetchRequest.OffsetFetchRequestGroup request, bool byId, bool requireStable)
    {
        var response = new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = request.GroupId };
        IGroup? group = Shard.Find(request.GroupId);
        ErrorCode refused = group?.CheckFetch(request.MemberId, request.MemberEpoch) ?? ErrorCode.GroupIdNotFound;
        if (refused is not (ErrorCode.None or ErrorCode.GroupIdNotFound))
        {
            response.ErrorCode = refused;
        }
        else if (request.Topics is { } topics)
        {
            GroupOffsets? offsets = refused == ErrorCode.None ? _table.Find(request.GroupId) : null;
            foreach (OffsetFetchRequest.OffsetFetchRequestTopics topic in topics)
            {
                response.Topics.Add(FetchTopic(request.GroupId, offsets, topic, byId, requireStable));
            }
        }
        else if (refused == ErrorCode.None && _table.Find(request.GroupId) is { } offsets)
        {
            FetchAll(response, offsets, byId, requireStable);
        }

        Answer(ticket, response, requireStable);
    }

    private OffsetFetchResponse.OffsetFetchResponseTopics FetchTopic(
        string group, GroupOffsets? offsets, OffsetFetchRequest.OffsetFetchRequestTopics asked, bool byId, bool requireStable)
    {
        var answer = new OffsetFetchResponse.OffsetFetchResponseTopics { Name = asked.Name, TopicId = asked.TopicId };
        CoordinatorTopic? topic = byId ? Shard.View.Topics.Find(asked.TopicId) : Shard.View.Topics.Find(asked.Name);
        string name = topic?.Name ?? asked.Name;
        TopicOffsets? known = offsets?.Find(name);
        foreach (int partition in asked.PartitionIndexes)
        {
            answer.Partitions.Add(byId && topic is null
                ? None(partition, ErrorCode.UnknownTopicId)
                : Describe(group, name, topic?.Id ?? Uuid.Zero, partition, requireStable ? known?.Newest(partition) : known?.Committed(partition), requireStable));
        }

        return answer;
    }

    private void FetchAll(OffsetFetchResponse.OffsetFetchResponseGroup response, GroupOffsets offsets, bool byId, bool requireStable)
    {
        foreach (TopicOffsets known in offsets.Topics)
        {
            Uuid id = Shard.View.Topics.Find(known.Topic)?.Id ?? Uuid.Zero;
            if (byId && id.IsZero)
            {
                continue;
            }

            var topic = new OffsetFetchResponse.OffsetFetchResponseTopics { Name = known.Topic, TopicId = id };
            foreach (ref readonly TopicOffsets.Slot slot in known.Slots)
            {
                CommittedOffset? offset = requireStable ? slot.Newest : slot.Committed;
                if (offset is not null && !offset.IsOfAnotherTopic(id))
                {
                    topic.Partitions.Add(Describe(offsets.Group, known.Topic, id, slot.Partition, offset, requireStable));
                }
            }

            if (topic.Partitions.Count > 0)
            {
                response.Topics.Add(topic);
            }
        }
    }

    private OffsetFetchResponse.OffsetFetchResponsePartitions Describe(
        string group, string topic, Uuid id, int partition, CommittedOffset? offset, bool requireStable) =>
        requireStable && _pending.Has(group, topic, partition) && !Plants.IsOn(Plant.PendingOffsetsNotAwaited) ? None(partition, ErrorCode.UnstableOffsetCommit)
        : offset is null || offset.IsOfAnotherTopic(id) ? None(partition, ErrorCode.None)
        : new()
        {
            PartitionIndex = partition,
            CommittedOffset = offset.Offset,
            CommittedLeaderEpoch = offset.LeaderEpoch,
            Metadata = offset.Metadata,
        };

    private static OffsetFetchResponse.OffsetFetchResponsePartitions None(int partition, ErrorCode error) =>
        new() { PartitionIndex = partition, CommittedOffset = NoOffset, CommittedLeaderEpoch = -1, Metadata = "", ErrorCode = error };
}
