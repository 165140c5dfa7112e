using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Offsets;

/// <summary>Commits, plain and in transactions.</summary>
public sealed partial class OffsetStore
{
    /// <summary>From this version on OffsetCommit names topics by their ids.</summary>
    private const short CommitByIdFrom = 10;

    /// <summary>From this version on somebody who commits to a group that is not there is told so.</summary>
    private const short GroupNotFoundFrom = 9;

    private const int DefaultRetention = -1;

    /// <summary>Takes an OffsetCommit.</summary>
    public void Commit(long ticket, OffsetCommitRequest request, short apiVersion, ShardTime now)
    {
        bool byId = apiVersion >= CommitByIdFrom;
        var response = new OffsetCommitResponse();
        var answered = new Dictionary<(string, Uuid), OffsetCommitResponse.OffsetCommitResponseTopic>();
        var known = new List<(CoordinatorTopic Topic, OffsetCommitRequest.OffsetCommitRequestPartition Asked, OffsetCommitResponse.OffsetCommitResponsePartition Answer)>();
        foreach (OffsetCommitRequest.OffsetCommitRequestTopic topic in request.Topics)
        {
            CoordinatorTopic? found = byId ? Shard.View.Topics.Find(topic.TopicId) : Shard.View.Topics.Find(topic.Name);
            foreach (OffsetCommitRequest.OffsetCommitRequestPartition partition in topic.Partitions)
            {
                if (!answered.TryGetValue((topic.Name, topic.TopicId), out OffsetCommitResponse.OffsetCommitResponseTopic? part))
                {
                    part = new() { Name = topic.Name, TopicId = topic.TopicId };
                    answered.Add((topic.Name, topic.TopicId), part);
                    response.Topics.Add(part);
                }

                var answer = new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = found is null && byId ? ErrorCode.UnknownTopicId : CheckPartition(found, partition.PartitionIndex),
                };
                part.Partitions.Add(answer);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    known.Add((found!, partition, answer));
                }
            }
        }

        IGroup? group = Shard.Find(request.GroupId);
        ErrorCode refused = known.Count == 0 ? ErrorCode.None : CheckCommit(group, request, apiVersion);
        if (refused == ErrorCode.None && group is not null)
        {
            // A member that may not commit one of its partitions commits none.
            refused = CheckEach(
                group,
                request.MemberId,
                request.GenerationIdOrMemberEpoch,
                known.Where(k => !IsTooLong(k.Asked.CommittedMetadata)).Select(k => (k.Topic, k.Asked.PartitionIndex)));
        }

        if (refused == ErrorCode.None)
        {
            group?.OnCommit(request.MemberId, now);
        }

        long expires = request.RetentionTimeMs == DefaultRetention ? -1 : now.UnixMs + request.RetentionTimeMs;
        bool written = false;
        foreach ((CoordinatorTopic topic, OffsetCommitRequest.OffsetCommitRequestPartition asked, OffsetCommitResponse.OffsetCommitResponsePartition answer) in known)
        {
            answer.ErrorCode = refused != ErrorCode.None ? refused
                : IsTooLong(asked.CommittedMetadata) ? ErrorCode.OffsetMetadataTooLarge
                : ErrorCode.None;
            if (answer.ErrorCode == ErrorCode.None)
            {
                Shard.Write(CommittedOffset.Record(request.GroupId, topic.Name, asked.PartitionIndex, new()
                {
                    Offset = asked.CommittedOffset,
                    LeaderEpoch = asked.CommittedLeaderEpoch,
                    Metadata = asked.CommittedMetadata ?? "",
                    CommitTimestamp = now.UnixMs,
                    ExpireTimestamp = expires,
                    TopicId = topic.Id,
                }));
                written = true;
            }
        }

        Answer(ticket, response, written);
    }

    /// <summary>Takes a TxnOffsetCommit whose transaction is known to be open.</summary>
    public void CommitInTransaction(long ticket, TxnOffsetCommitRequest request, short apiVersion, ShardTime now)
    {
        var response = new TxnOffsetCommitResponse();
        var answered = new Dictionary<string, TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic>();
        var known = new List<(CoordinatorTopic Topic, TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition Asked, TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition Answer)>();
        foreach (TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic topic in request.Topics)
        {
            CoordinatorTopic? found = Shard.View.Topics.Find(topic.Name);
            foreach (TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition partition in topic.Partitions)
            {
                if (!answered.TryGetValue(topic.Name, out TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic? part))
                {
                    part = new() { Name = topic.Name };
                    answered.Add(topic.Name, part);
                    response.Topics.Add(part);
                }

                var answer = new TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = CheckPartition(found, partition.PartitionIndex),
                };
                part.Partitions.Add(answer);
                if (answer.ErrorCode == ErrorCode.None)
                {
                    known.Add((found!, partition, answer));
                }
            }
        }

        ErrorCode refused = known.Count == 0
            ? ErrorCode.None
            : CheckInTransaction(Shard.Find(request.GroupId), request, apiVersion, known.Select(k => (k.Topic, k.Asked.PartitionIndex)));
        var writer = new TransactionalWriter(new ProducerId(request.ProducerId), request.ProducerEpoch);
        bool written = false;
        foreach ((CoordinatorTopic topic, TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition asked, TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition answer) in known)
        {
            answer.ErrorCode = refused != ErrorCode.None ? refused
                : IsTooLong(asked.CommittedMetadata) ? ErrorCode.OffsetMetadataTooLarge
                : ErrorCode.None;
            if (answer.ErrorCode == ErrorCode.None)
            {
                var value = new OffsetCommitValue
                {
                    Offset = asked.CommittedOffset,
                    LeaderEpoch = asked.CommittedLeaderEpoch,
                    Metadata = asked.CommittedMetadata ?? "",
                    CommitTimestamp = now.UnixMs,
                    ExpireTimestamp = -1,
                    TopicId = topic.Id,
                };
                Shard.Write(CommittedOffset.Record(request.GroupId, topic.Name, asked.PartitionIndex, value), writer);
                written = true;
            }
        }

        Answer(ticket, response, written);
    }

    private static ErrorCode CheckPartition(CoordinatorTopic? topic, int partition) =>
        topic is not null && (uint)partition < (uint)topic.Partitions ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition;

    private static ErrorCode CheckCommit(IGroup? group, OffsetCommitRequest request, short apiVersion)
    {
        if (group is not null)
        {
            return group.CheckCommit(request.MemberId, request.GroupInstanceId, request.GenerationIdOrMemberEpoch, isTransactional: false, apiVersion);
        }

        return request.GenerationIdOrMemberEpoch < 0 ? ErrorCode.None
            : apiVersion >= GroupNotFoundFrom ? ErrorCode.GroupIdNotFound
            : ErrorCode.IllegalGeneration;
    }

    /// <summary>A producer knows generations only, whatever the group's kind: what tells of epochs means the same to it (KIP-447).</summary>
    private static ErrorCode CheckInTransaction(
        IGroup? group, TxnOffsetCommitRequest request, short apiVersion, IEnumerable<(CoordinatorTopic Topic, int Partition)> partitions)
    {
        if (Plants.IsOn(Plant.ZombieCommitAccepted))
        {
            return ErrorCode.None;
        }

        if (group is null)
        {
            return request.GenerationId < 0 ? ErrorCode.None : ErrorCode.IllegalGeneration;
        }

        ErrorCode error = group.CheckCommit(request.MemberId, request.GroupInstanceId, request.GenerationId, isTransactional: true, apiVersion);
        if (error == ErrorCode.None)
        {
            error = CheckEach(group, request.MemberId, request.GenerationId, partitions);
        }

        return error == ErrorCode.StaleMemberEpoch ? ErrorCode.IllegalGeneration : error;
    }

    private static ErrorCode CheckEach(IGroup group, string member, int generation, IEnumerable<(CoordinatorTopic Topic, int Partition)> partitions)
    {
        foreach ((CoordinatorTopic topic, int partition) in partitions)
        {
            if (group.CheckCommitOf(member, generation, topic, partition) is not ErrorCode.None and var error)
            {
                return error;
            }
        }

        return ErrorCode.None;
    }

    private bool IsTooLong(string? metadata) => metadata?.Length > Shard.View.Groups.OffsetMetadataMaxBytes;

    private void Answer(long ticket, object response, bool written)
    {
        if (written)
        {
            Shard.Respond(ticket, response);
        }
        else
        {
            Shard.RespondAtOnce(ticket, response);
        }
    }
}
