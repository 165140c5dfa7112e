using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Topics;

/// <summary>What is known of a topic's replicas beyond the metadata: which may be elected though they are not in sync, and where each log ends.</summary>
internal sealed class ReplicaStates
{
    /// <summary>Says that a tool asks, which every replica answers for its own log, leader or not.</summary>
    private const int DebuggingReplica = -2;

    private const long Latest = -1;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private readonly Dictionary<int, IReadOnlyList<int>> _eligible = [];
    private readonly Dictionary<(int Broker, int Partition), long> _ends = [];

    public static async Task<ReplicaStates> AskAsync(ClusterCall call, TopicInfo topic)
    {
        var states = new ReplicaStates();
        await states.AskEligibleAsync(call, topic);
        foreach (int broker in topic.Partitions.SelectMany(partition => partition.Replicas).Distinct().Where(id => call.Cluster.Metadata.Brokers.ContainsKey(new BrokerId(id))))
        {
            await states.AskEndsAsync(call, topic, broker);
        }

        return states;
    }

    /// <summary>The eligible leader replicas (KIP-966); null when the cluster does not say.</summary>
    public IReadOnlyList<int>? Eligible(int partition) => _eligible.GetValueOrDefault(partition);

    /// <summary>The end of each replica's log, and how far it is behind the leader's; null where the broker does not say.</summary>
    public IEnumerable<(int Broker, long? LogEnd, long? Lag)> Of(PartitionInfo partition)
    {
        long? leader = End(partition.Leader.Value, partition.Partition);
        return partition.Replicas.Select(broker =>
        {
            long? end = End(broker, partition.Partition);

            // The leader was not asked in the same moment.
            return (broker, end, leader is { } most && end is { } own ? Math.Max(0, most - own) : (long?)null);
        });
    }

    private long? End(int broker, int partition) => _ends.TryGetValue((broker, partition), out long end) ? end : null;

    private async Task AskEligibleAsync(ClusterCall call, TopicInfo topic)
    {
        var request = new DescribeTopicPartitionsRequest { Topics = [new() { Name = topic.Name }] };
        try
        {
            do
            {
                DescribeTopicPartitionsResponse page = await call.Cluster.SendToAnyAsync<DescribeTopicPartitionsResponse>(request, cancellation: call.Cancellation);
                foreach (var partition in page.Topics.SelectMany(t => t.Partitions))
                {
                    _eligible[partition.PartitionIndex] = partition.EligibleLeaderReplicas ?? [];
                }

                request.Cursor = page.NextCursor is { } next ? new() { TopicName = next.TopicName, PartitionIndex = next.PartitionIndex } : null;
            }
            while (request.Cursor is not null);
        }
        catch (UnsupportedApiException)
        {
            // A broker older than these replicas; the rest is worth showing.
        }
    }

    private async Task AskEndsAsync(ClusterCall call, TopicInfo topic, int broker)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = DebuggingReplica,
            Topics =
            [
                new()
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Where(p => p.Replicas.Contains(broker)).Select(p => new ListOffsetsRequest.ListOffsetsPartition { PartitionIndex = p.Partition, Timestamp = Latest })],
                },
            ],
        };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            ListOffsetsResponse response = await call.Cluster.SendToAsync<ListOffsetsResponse>(new BrokerId(broker), request, cancellation: patience.Token);
            foreach (ListOffsetsResponse.ListOffsetsPartitionResponse partition in response.Topics.SelectMany(t => t.Partitions).Where(p => p.ErrorCode == ErrorCode.None))
            {
                _ends[(broker, partition.PartitionIndex)] = partition.Offset;
            }
        }
        catch (Exception failure) when (failure is ClientException || (failure is OperationCanceledException && !call.Cancellation.IsCancellationRequested))
        {
            // A broker that is frozen or gone; what the others say is worth showing.
        }
    }
}
