using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Coordinating;
using Tidemark.Coordination;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>The transaction coordinators of this broker, as requests reach them: from clients, from other brokers, from its own partitions.</summary>
public sealed class TransactionService(Coordinators<TransactionShard> coordinators, ClusterState cluster, ProducerIdBlocks producerIds, ILogger log) : ILocalTransactions
{
    /// <summary>Takes a producer id that nobody has.</summary>
    public ValueTask<(ErrorCode Error, ProducerId Id)> TakeProducerId() =>
        producerIds.TryTake(out ProducerId id) ? new((ErrorCode.None, id)) : producerIds.Take();

    /// <summary>Brings the coordinator a producer id, if there is one to be had. Nobody waits for this: where there is none the log says so, and the coordinator's next look asks again.</summary>
    public async Task AbortLate(ShardDriver<TransactionShard> coordinator, TakeProducerId late)
    {
        try
        {
            (ErrorCode error, ProducerId fresh) = await TakeProducerId();
            if (error == ErrorCode.None)
            {
                coordinator.Tell((shard, now) => shard.AbortLate(late, fresh, now));
            }
            else
            {
                ShardLog.StaysOpen(log, coordinator.Partition.Name.ToString(), late.TransactionalId, error.ToString(), null);
            }
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            ShardLog.StaysOpen(log, coordinator.Partition.Name.ToString(), late.TransactionalId, e.Message, e);
        }
    }

    /// <summary>See <see cref="TransactionShard.InitProducer"/>.</summary>
    public ValueTask<TransactionOutcome> InitProducer(string id, int timeoutMs, TransactionalWriter? expected) =>
        WithProducerId(id, (shard, ticket, fresh, now) => shard.InitProducer(ticket, id, timeoutMs, expected, fresh, now));

    /// <summary>See <see cref="TransactionShard.End"/>.</summary>
    public ValueTask<TransactionOutcome> End(string id, TransactionalWriter producer, bool commit) =>
        Ask(id, (shard, ticket, now) => shard.End(ticket, id, producer, commit, now));

    /// <summary>See <see cref="TransactionShard.EndAndRaise"/>.</summary>
    public ValueTask<TransactionOutcome> EndAndRaise(string id, TransactionalWriter producer, bool commit) =>
        WithProducerId(id, (shard, ticket, fresh, now) => shard.EndAndRaise(ticket, id, producer, commit, fresh, now));

    /// <summary>See <see cref="TransactionShard.AddPartitions"/>.</summary>
    public ValueTask<TransactionOutcome> Add(string id, TransactionalWriter producer, IReadOnlyCollection<TopicPartition> partitions, short clientVersion) =>
        Ask(id, (shard, ticket, now) => shard.AddPartitions(ticket, id, producer, partitions, clientVersion, now));

    /// <inheritdoc/>
    public async ValueTask<AddPartitionsToTxnResponse> AddPartitions(AddPartitionsToTxnRequest request)
    {
        var response = new AddPartitionsToTxnResponse { ErrorCode = request.Transactions.Count == 0 ? ErrorCode.InvalidRequest : ErrorCode.None };
        ValueTask<AddPartitionsToTxnResponse.AddPartitionsToTxnResult>[] results = [.. request.Transactions.Select(t => AddPartitions(t, clientVersion: 2))];
        foreach (ValueTask<AddPartitionsToTxnResponse.AddPartitionsToTxnResult> result in results)
        {
            response.ResultsByTransaction.Add(await result);
        }

        return response;
    }

    /// <summary>Adds partitions to one transaction, or verifies that they were added. One that does not exist keeps all others out.</summary>
    public async ValueTask<AddPartitionsToTxnResponse.AddPartitionsToTxnResult> AddPartitions(
        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction, short clientVersion)
    {
        TopicPartition[] partitions = [.. transaction.Topics.SelectMany(t => t.Partitions.Select(p => new TopicPartition(t.Name, p)))];
        var producer = new TransactionalWriter(new ProducerId(transaction.ProducerId), transaction.ProducerEpoch);
        string id = transaction.TransactionalId;
        IReadOnlyList<ErrorCode> errors;
        if (partitions.Any(p => cluster.Image.Topics.Find(p) is null))
        {
            errors = [.. partitions.Select(p => cluster.Image.Topics.Find(p) is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.OperationNotAttempted)];
        }
        else if (id.Length == 0)
        {
            errors = [.. partitions.Select(_ => ErrorCode.InvalidRequest)];
        }
        else if (transaction.VerifyOnly)
        {
            errors = await coordinators.Ask<IReadOnlyList<ErrorCode>>(
                id, (shard, ticket, _) => shard.Verify(ticket, id, producer, partitions), error => [.. partitions.Select(_ => error)]);
        }
        else
        {
            TransactionOutcome added = await Add(id, producer, partitions, clientVersion);
            errors = [.. partitions.Select(_ => added.Error)];
        }

        return Result(transaction, errors);
    }

    public ValueTask<DescribeTransactionsResponse.TransactionStateEntry> Describe(string id)
    {
        DescribeTransactionsResponse.TransactionStateEntry Failed(ErrorCode error) => new() { TransactionalId = id, ErrorCode = error };
        return id.Length == 0 ? new(Failed(ErrorCode.InvalidRequest)) : coordinators.Ask(id, (shard, ticket, _) => shard.Describe(ticket, id), Failed);
    }

    /// <summary>The transactional ids of all coordinators here that match. Null while one of them is loading.</summary>
    public async ValueTask<List<ListTransactionsResponse.TransactionStateEntry>?> List(ListTransactionsRequest request, Regex? ids)
    {
        var all = new List<ListTransactionsResponse.TransactionStateEntry>();
        foreach (ShardDriver<TransactionShard> shard in coordinators.Shards)
        {
            List<ListTransactionsResponse.TransactionStateEntry>? some = await shard.Ask<List<ListTransactionsResponse.TransactionStateEntry>?>(
                (core, ticket, now) => core.List(ticket, request, ids, now), error => error == ErrorCode.NotCoordinator ? [] : null);
            if (some is null)
            {
                return null;
            }

            all.AddRange(some);
        }

        return all;
    }

    private static AddPartitionsToTxnResponse.AddPartitionsToTxnResult Result(AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction, IReadOnlyList<ErrorCode> errors)
    {
        int next = 0;
        return new()
        {
            TransactionalId = transaction.TransactionalId,
            TopicResults =
            [
                .. transaction.Topics.Select(topic => new AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
                {
                    Name = topic.Name,
                    ResultsByPartition =
                    [
                        .. topic.Partitions.Select(p => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult { PartitionIndex = p, PartitionErrorCode = errors[next++] }),
                    ],
                }),
            ],
        };
    }

    private ValueTask<TransactionOutcome> Ask(string id, Action<TransactionShard, long, ShardTime> input) =>
        id.Length == 0 ? new(new TransactionOutcome(ErrorCode.InvalidRequest)) : coordinators.Ask(id, input, error => new TransactionOutcome(error));

    /// <summary>Asks, and once more with a producer id when it turns out that one is needed.</summary>
    private async ValueTask<TransactionOutcome> WithProducerId(string id, Action<TransactionShard, long, ProducerId?, ShardTime> input)
    {
        TransactionOutcome outcome = await Ask(id, (shard, ticket, now) => input(shard, ticket, null, now));
        if (!outcome.NeedsProducerId)
        {
            return outcome;
        }

        (ErrorCode error, ProducerId fresh) = await TakeProducerId();
        return error == ErrorCode.None ? await Ask(id, (shard, ticket, now) => input(shard, ticket, fresh, now)) : new TransactionOutcome(error);
    }
}
