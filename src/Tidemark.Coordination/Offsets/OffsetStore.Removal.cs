using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Offsets;

/// <summary>How offsets go: deleted by somebody, with their group, with their topic, or because nobody used them for long.</summary>
public sealed partial class OffsetStore
{
    /// <summary>When offsets are looked through for those that expired.</summary>
    private TimeSpan? _nextCheck;

    public override TimeSpan? NextDeadline => _nextCheck;

    /// <summary>Takes an OffsetDelete.</summary>
    public void Delete(long ticket, OffsetDeleteRequest request)
    {
        var response = new OffsetDeleteResponse();
        var known = new List<(string Topic, OffsetDeleteResponse.OffsetDeleteResponsePartition Answer)>();
        foreach (OffsetDeleteRequest.OffsetDeleteRequestTopic topic in request.Topics)
        {
            CoordinatorTopic? found = Shard.View.Topics.Find(topic.Name);
            OffsetDeleteResponse.OffsetDeleteResponseTopic? part = response.Topics.Find(t => t.Name == topic.Name);
            if (part is null && (found is null || topic.Partitions.Count > 0))
            {
                part = new() { Name = topic.Name };
                response.Topics.Add(part);
            }

            foreach (OffsetDeleteRequest.OffsetDeleteRequestPartition partition in topic.Partitions)
            {
                var answer = new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = CheckPartition(found, partition.PartitionIndex),
                };
                part!.Partitions.Add(answer);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    known.Add((topic.Name, answer));
                }
            }
        }

        IGroup? group = Shard.Find(request.GroupId);
        ErrorCode refused = group?.CheckOffsetDelete() ?? ErrorCode.GroupIdNotFound;
        if (refused != ErrorCode.None)
        {
            Shard.RespondAtOnce(ticket, new OffsetDeleteResponse { ErrorCode = refused });
            return;
        }

        foreach ((string topic, OffsetDeleteResponse.OffsetDeleteResponsePartition answer) in known)
        {
            if (group!.IsSubscribedTo(topic))
            {
                answer.ErrorCode = ErrorCode.GroupSubscribedToTopic;
            }
            else if (_table.Newest(request.GroupId, topic, answer.PartitionIndex) is not null || _pending.Has(request.GroupId, topic, answer.PartitionIndex))
            {
                Shard.Write(CommittedOffset.Removal(request.GroupId, topic, answer.PartitionIndex));
            }
        }

        Shard.Respond(ticket, response);
    }

    /// <summary>Writes what removes all offsets of the group, those of open transactions too.</summary>
    public override void DeleteAll(string group) => Remove([.. NewestOf(_table.Find(group)), .. _pending.All.Where(k => k.Group == group)]);

    public override void OnView(ShardTime now)
    {
        ICoordinatorTopics before = _topics;
        _topics = Shard.View.Topics;
        if (ReferenceEquals(before, _topics))
        {
            return;
        }

        // A topic that is merely not known yet is no reason to forget what was read of it: it has to have been there.
        HashSet<string> gone = [.. ((string[])[.. _table.Topics, .. _pending.All.Select(k => k.Topic)])
            .Where(name => before.Find(name) is { } known && _topics.Find(name)?.Id != known.Id)];
        if (gone.Count == 0)
        {
            return;
        }

        Remove(
        [
            .. _table.Groups.SelectMany(g => g.Topics).Where(t => gone.Contains(t.Topic)).SelectMany(t => NewestOf(t, o => !IsOfNew(t.Topic, o))),
            .. _pending.All.Where(k => gone.Contains(k.Topic)),
        ]);
    }

    /// <summary>Removes what nobody used for as long as offsets are kept, and groups of which nothing is left.</summary>
    public override void Tick(ShardTime now)
    {
        _nextCheck = now.Monotonic + TimeSpan.FromMilliseconds(Shard.View.Groups.OffsetsRetentionCheckMs);
        HashSet<string> pending = [.. _pending.All.Select(k => k.Group)];
        foreach (IGroup group in (IGroup[])[.. Shard.All])
        {
            if (group.OffsetsExpire && _table.Find(group.Id) is { } offsets)
            {
                OffsetKey[] expired = [.. offsets.Topics.Where(t => !group.IsSubscribedTo(t.Topic)).SelectMany(t => NewestOf(t, o => IsExpired(o, group, now)))];
                Remove(pending.Contains(group.Id) ? expired.Where(k => !_pending.Has(k.Group, k.Topic, k.Partition)) : expired);
            }

            if (group.IsEmpty && !pending.Contains(group.Id) && !_table.HasAny(group.Id))
            {
                Shard.Emit(new Note($"Group {group.Id}: it has neither members nor offsets any more and is removed"));
                Shard.Delete(group.Id);
            }
        }
    }

    private static IEnumerable<OffsetKey> NewestOf(GroupOffsets? group) => group?.Topics.SelectMany(t => NewestOf(t, _ => true)) ?? [];

    private static List<OffsetKey> NewestOf(TopicOffsets topic, Func<CommittedOffset, bool> which)
    {
        var keys = new List<OffsetKey>();
        foreach (ref readonly TopicOffsets.Slot slot in topic.Slots)
        {
            if (slot.Newest is { } offset && which(offset))
            {
                keys.Add(new OffsetKey(topic.Group.Group, topic.Topic, slot.Partition));
            }
        }

        return keys;
    }

    private bool IsOfNew(string topic, CommittedOffset offset) => _topics.Find(topic) is { } made && made.Id == offset.TopicId;

    private bool IsExpired(CommittedOffset offset, IGroup group, ShardTime now) => offset.ExpireMs >= 0
        ? now.UnixMs >= offset.ExpireMs
        : now.UnixMs - (group.UnusedSinceMs ?? offset.CommitMs) >= Shard.View.Groups.OffsetsRetentionMs;

    private void Remove(IEnumerable<OffsetKey> keys)
    {
        var done = new HashSet<OffsetKey>();
        foreach (OffsetKey key in keys)
        {
            if (done.Add(key))
            {
                Shard.Write(CommittedOffset.Removal(key.Group, key.Topic, key.Partition));
            }
        }
    }
}
