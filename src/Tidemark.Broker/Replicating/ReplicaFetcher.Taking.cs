using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Replication;

namespace Tidemark.Broker.Replicating;

/// <summary>What becomes of a leader's answer, partition by partition.</summary>
internal sealed partial class ReplicaFetcher
{
    private async Task Take(NodeLink link, List<WantedPartition> wanted, FetchResponse response)
    {
        Dictionary<(Uuid, int), WantedPartition>? byName = null;
        foreach (FetchResponse.FetchableTopicResponse topic in response.Responses)
        {
            foreach (FetchResponse.PartitionData data in topic.Partitions)
            {
                byName ??= wanted.ToDictionary(each => (each.Partition.TopicId, each.Partition.Name.Partition));
                if (byName.TryGetValue((topic.TopicId, data.PartitionIndex), out WantedPartition asked))
                {
                    await Take(link, asked, data);
                }
            }
        }
    }

    private async Task Take(NodeLink link, WantedPartition asked, FetchResponse.PartitionData data)
    {
        (Partition partition, FollowerPosition at) = asked;
        partition.OnTakenFromLeader(data.Records?.Length ?? 0);
        EpochEnd? diverging = data.DivergingEpoch is { Epoch: >= 0 } parted
            ? new EpochEnd(new LeaderEpoch(parted.Epoch), new Offset(parted.EndOffset))
            : null;
        FollowerAction action = partition.TakeAnswer(
            at.Follower,
            new FollowerAnswer(at.Follower.Epoch, at.End, data.ErrorCode, new Offset(data.HighWatermark), new Offset(data.LogStartOffset), diverging),
            data.Records is { } records ? records.Span : []);
        if (action == FollowerAction.AskBounds)
        {
            action = await LeaderBounds.Ask(link, services, asked) is { } bounds
                ? partition.TakeBounds(at.Follower, bounds.Start, bounds.End)
                : FollowerAction.Retry;
        }

        switch (action)
        {
            case FollowerAction.Truncate or FollowerAction.Restart:
                FetcherLog.Cut(services.Log, partition.Name.ToString(), at.End, partition.Log?.LogEndOffset ?? Offset.Unknown, source, at.Follower.Epoch);
                break;
            case FollowerAction.Retry:
                FetcherLog.Retried(services.Log, partition.Name.ToString(), source, data.ErrorCode);
                break;
        }

        lock (_lock)
        {
            if (_partitions.TryGetValue(partition, out Rest before))
            {
                _partitions[partition] = action == FollowerAction.Retry
                    ? new Rest(services.Now + BackoffOf(before.Count), before.Count + 1)
                    : new Rest(default, 0, IsCaughtUp: data.HighWatermark >= 0 && partition.Log?.LogEndOffset.Value >= data.HighWatermark);
            }
        }
    }
}
