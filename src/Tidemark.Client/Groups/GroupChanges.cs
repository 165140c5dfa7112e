using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Groups;

/// <summary>Changes groups and what they have committed.</summary>
public static class GroupChanges
{
    /// <summary>Commits offsets: in a group without members by anybody, otherwise by a member in its generation.</summary>
    /// <returns>The partitions that were refused, and why.</returns>
    public static async Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitOffsetsAsync(
        this ClusterClient cluster,
        string group,
        IEnumerable<KeyValuePair<TopicPartition, long>> offsets,
        string member = "",
        int generation = -1,
        CancellationToken cancellation = default)
    {
        const short ByNameUpTo = 9;
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            MemberId = member,
            GenerationIdOrMemberEpoch = generation,
            Topics =
            [
                .. offsets.GroupBy(o => o.Key.Topic).Select(topic => new OffsetCommitRequest.OffsetCommitRequestTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition { PartitionIndex = o.Key.Partition, CommittedOffset = o.Value, CommittedMetadata = "" })],
                }),
            ],
        };
        (OffsetCommitResponse response, _) = await cluster.AskCoordinatorAsync<OffsetCommitResponse>(
            CoordinatorKind.Group,
            group,
            request,
            r => r.Topics.SelectMany(t => t.Partitions).Select(p => p.ErrorCode).FirstOrDefault(e => e != ErrorCode.None),
            highest: ByNameUpTo,
            cancellation: cancellation);
        return response.Topics
            .SelectMany(t => t.Partitions.Where(p => p.ErrorCode != ErrorCode.None).Select(p => (new TopicPartition(t.Name, p.PartitionIndex), p.ErrorCode)))
            .ToDictionary(p => p.Item1, p => p.ErrorCode);
    }

    /// <summary>Deletes a group that has no members, and its offsets.</summary>
    public static async Task<ErrorCode> DeleteGroupAsync(this ClusterClient cluster, string group, CancellationToken cancellation = default)
    {
        (DeleteGroupsResponse response, _) = await cluster.AskCoordinatorAsync<DeleteGroupsResponse>(
            CoordinatorKind.Group, group, new DeleteGroupsRequest { GroupsNames = [group] }, r => r.Results[0].ErrorCode, cancellation: cancellation);
        return response.Results[0].ErrorCode;
    }

    /// <summary>Deletes offsets of partitions that no member reads.</summary>
    /// <returns>The partitions that were refused, and why.</returns>
    public static async Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> DeleteOffsetsAsync(
        this ClusterClient cluster, string group, IEnumerable<TopicPartition> partitions, CancellationToken cancellation = default)
    {
        var request = new OffsetDeleteRequest
        {
            GroupId = group,
            Topics =
            [
                .. partitions.GroupBy(p => p.Topic).Select(topic => new OffsetDeleteRequest.OffsetDeleteRequestTopic
                {
                    Name = topic.Key,
                    Partitions = [.. topic.Select(p => new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = p.Partition })],
                }),
            ],
        };
        (OffsetDeleteResponse response, _) = await cluster.AskCoordinatorAsync<OffsetDeleteResponse>(
            CoordinatorKind.Group, group, request, r => r.ErrorCode, cancellation: cancellation);
        BrokerErrorException.ThrowIfError(response.ErrorCode, $"Deleting offsets of group {group}");
        return response.Topics
            .SelectMany(t => t.Partitions.Where(p => p.ErrorCode != ErrorCode.None).Select(p => (new TopicPartition(t.Name, p.PartitionIndex), p.ErrorCode)))
            .ToDictionary(p => p.Item1, p => p.ErrorCode);
    }
}
