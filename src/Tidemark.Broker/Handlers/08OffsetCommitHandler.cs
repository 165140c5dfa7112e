using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Request = Tidemark.Broker.Connections.Request;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 8, OffsetCommit: keeps how far a group has read.
/// v2 to v4 how long the offsets are to be kept (KIP-211 took that away) · v6 leader epochs (KIP-320) · v7 static members (KIP-345) · v9 member epochs
/// (KIP-848) and GROUP_ID_NOT_FOUND · v10 topic ids (KIP-848). A group without a name may commit.
/// </summary>
public sealed class OffsetCommitHandler(Coordinators<GroupShard> groups)
    : MessageHandler<OffsetCommitRequest, OffsetCommitResponse>(ApiKey.OffsetCommit, 2, 10)
{
    protected override OffsetCommitResponse Refusal(OffsetCommitRequest request, ErrorCode error, short version) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
                Partitions = [.. topic.Partitions.Select(p => new OffsetCommitResponse.OffsetCommitResponsePartition { PartitionIndex = p.PartitionIndex, ErrorCode = error })],
            }),
        ],
    };

    protected override ValueTask<OffsetCommitResponse> Answer(OffsetCommitRequest request, Request context) => groups.Ask(
        request.GroupId,
        (shard, ticket, now) => shard.Offsets.Commit(ticket, request, context.ApiVersion, now),
        error => Refusal(request, error, context.ApiVersion));
}
