using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Coordination.Transactions;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>
/// Carries out what transaction coordinators of this broker decided: every partition of a transaction is told how it ended, by its leader
/// of the day, until it is known to have been told or this broker coordinates the transaction no more.
/// </summary>
public sealed class MarkerSender(
    ClusterState cluster,
    NodeLinks links,
    MarkerWriter local,
    string listenerName,
    DelayQueue delays,
    Func<ShardDriver<TransactionShard>, bool> isCurrent,
    ILogger log)
{
    private static readonly TimeSpan s_retryAfter = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_fencedRetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>A marker that was written and whose answer was lost is known again; so nobody has to wait long for one.</summary>
    private static readonly TimeSpan s_answerMax = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<BrokerId, MarkerQueue> _queues = [];

    /// <summary>What is being told just now: of each transactional id one end.</summary>
    private readonly Dictionary<(ShardDriver<TransactionShard> Coordinator, string Id), EndInProgress> _current = [];

    public void Send(ShardDriver<TransactionShard> coordinator, SendMarkers end)
    {
        var begun = new EndInProgress(coordinator, end);
        lock (_lock)
        {
            // A coordinator that had to read its partition again tells all of what it finds prepared there.
            if (_current.TryGetValue((coordinator, end.TransactionalId), out EndInProgress? before))
            {
                before.GiveUp();
            }

            _current[(coordinator, end.TransactionalId)] = begun;
        }

        Route(begun, end.Partitions);
    }

    private void Route(EndInProgress end, IEnumerable<TopicPartition> partitions)
    {
        var byLeader = new SortedDictionary<int, List<TopicPartition>>();
        MetadataImage image = cluster.Image;
        foreach (TopicPartition partition in partitions)
        {
            if (image.Topics.Find(partition) is not { } found)
            {
                // Its topic was deleted: there is nothing to be told.
                Told(end, partition);
            }
            else if (byLeader.TryGetValue(found.Leader, out List<TopicPartition>? same))
            {
                same.Add(partition);
            }
            else
            {
                byLeader.Add(found.Leader, [partition]);
            }
        }

        foreach ((int leader, List<TopicPartition> led) in byLeader)
        {
            if (leader < 0)
            {
                _ = Later(end, led, s_retryAfter);
            }
            else
            {
                QueueOf(new BrokerId(leader)).Add(end, led);
            }
        }
    }

    private void OnAnswer(EndInProgress end, TopicPartition partition, ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.None:

            // The producer has gone on there, in the marker's epoch or a later one: epochs come from this coordinator alone, and the next one is of
            // use only when all partitions know. So the partition was told, and only the answer was lost.
            case ErrorCode.InvalidProducerEpoch:

            // No transaction can have been written there.
            case ErrorCode.UnsupportedForMessageFormat:
            case ErrorCode.UnsupportedVersion:
                Told(end, partition);
                break;
            case ErrorCode.TransactionCoordinatorFenced:
                if (end.SaysFenced())
                {
                    MarkerLog.Fenced(log, end.End.TransactionalId, end.End.Writer.Id.Value, partition, end.Coordinator.Epoch);
                }

                // Most often this coordinator is about to hear that there is a newer one, and asks no more. If there is none, the partition took a marker that
                // somebody wrote by hand with a higher epoch, and forgets the producer at some time, or is deleted: then the transaction has to end.
                _ = Later(end, [partition], s_fencedRetryAfter);
                break;
            default:
                MarkerLog.Retried(log, end.End.TransactionalId, partition, error);
                _ = Later(end, [partition], s_retryAfter);
                break;
        }
    }

    private void Told(EndInProgress end, TopicPartition partition)
    {
        if (end.Told(partition))
        {
            Forget(end);
            end.Coordinator.Tell((shard, now) => shard.OnMarkersWritten(end.End.TransactionalId, end.End.Writer, now));
        }
    }

    private async Task Later(EndInProgress end, List<TopicPartition> partitions, TimeSpan time)
    {
        await delays.After(time);
        if (!isCurrent(end.Coordinator))
        {
            Forget(end);
        }
        else if (!end.IsOver)
        {
            Route(end, partitions);
        }
    }

    private void Forget(EndInProgress end)
    {
        lock (_lock)
        {
            if (_current.TryGetValue((end.Coordinator, end.End.TransactionalId), out EndInProgress? current) && current == end)
            {
                _current.Remove((end.Coordinator, end.End.TransactionalId));
            }
        }
    }

    private MarkerQueue QueueOf(BrokerId broker)
    {
        lock (_lock)
        {
            if (!_queues.TryGetValue(broker, out MarkerQueue? queue))
            {
                queue = new MarkerQueue(request => Write(broker, request), OnAnswer, e => MarkerLog.Failed(log, broker, e));
                _queues.Add(broker, queue);
            }

            return queue;
        }
    }

    private ValueTask<WriteTxnMarkersResponse> Write(BrokerId broker, WriteTxnMarkersRequest request)
    {
        if (broker == cluster.Self)
        {
            return local.Write(request);
        }

        return cluster.EndpointOf(broker, listenerName) is { } at
            ? links.To(new NodeAddress(at.Host, at.Port), "markers").Send<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(request, s_answerMax)
            : new(MarkerWriter.Respond(request, () => ErrorCode.NetworkException));
    }
}

/// <summary>What is logged of the ends of transactions. Event ids 1700–1719.</summary>
internal static partial class MarkerLog
{
    [LoggerMessage(1700, LogLevel.Debug, "{Partition} is told again later how the transaction of {TransactionalId} ended: {Error}")]
    public static partial void Retried(ILogger log, string transactionalId, TopicPartition partition, ErrorCode error);

    [LoggerMessage(1702, LogLevel.Error, "Markers could not be given to broker {Broker}; they are sent again")]
    public static partial void Failed(ILogger log, BrokerId broker, Exception e);

    [LoggerMessage(1701, LogLevel.Warning, "{Partition} has heard of a newer coordinator than epoch {Epoch} for the transaction of {TransactionalId} (producer {ProducerId}); its end is that one's affair")]
    public static partial void Fenced(ILogger log, string transactionalId, long producerId, TopicPartition partition, LeaderEpoch epoch);
}
