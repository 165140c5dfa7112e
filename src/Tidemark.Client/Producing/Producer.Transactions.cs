using Tidemark.Client.Cluster;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Producing;

/// <content>
/// Transactions, in their first version: the partitions are told to the coordinator before the first record, and the epoch stays from one transaction to
/// the next. Every broker that has transactions serves it.
/// </content>
public sealed partial class Producer
{
    /// <summary>The last version in which a client names one transaction; later ones are the brokers' (KIP-890).</summary>
    private const short AddPartitionsVersionMax = 3;

    /// <summary>The last version that leaves the epoch as it is.</summary>
    private const short EndVersionMax = 4;

    private readonly HashSet<TopicPartition> _inTransaction = [];
    private readonly SemaphoreSlim _joining = new(1);
    private ClientException? _failure;

    private bool IsTransactional => options.TransactionalId is not null;

    /// <summary>Sends what was posted since the last end and commits it. Nothing to do where nothing was posted.</summary>
    /// <exception cref="ProducerFencedException">Another producer has the transactional id.</exception>
    /// <exception cref="ClientException">A record failed, and the transaction is still open: abort it. Or the outcome is not known.</exception>
    public async Task CommitAsync(CancellationToken cancellation = default)
    {
        await FlushAsync();
        if (Volatile.Read(ref _failure) is { } failure)
        {
            throw Told(failure);
        }

        await EndAsync(true, cancellation);
    }

    /// <summary>Aborts what was posted since the last end, once nothing of it is on its way.</summary>
    /// <exception cref="ProducerFencedException">Another producer has the transactional id; its beginning aborted the transaction.</exception>
    public async Task AbortAsync(CancellationToken cancellation = default)
    {
        await FlushAsync();
        await EndAsync(false, cancellation);
        Volatile.Write(ref _failure, null);
    }

    private async Task EndAsync(bool commits, CancellationToken cancellation)
    {
        if (_inTransaction.Count == 0)
        {
            return;
        }

        (EndTxnResponse response, _) = await cluster.AskCoordinatorAsync<EndTxnResponse>(
            CoordinatorKind.Transaction,
            options.TransactionalId!,
            new EndTxnRequest { TransactionalId = options.TransactionalId!, ProducerId = _producerId.Value, ProducerEpoch = _producerEpoch, Committed = commits },
            r => r.ErrorCode,
            highest: EndVersionMax,
            cancellation: cancellation);
        ThrowIfError(response.ErrorCode, commits ? "Committing the transaction" : "Aborting the transaction");
        _inTransaction.Clear();
    }

    /// <summary>Makes sure that the coordinator knows of the partition before a record goes there.</summary>
    private async Task JoinTransactionAsync(TopicPartition partition, CancellationToken cancellation)
    {
        await _joining.WaitAsync(cancellation);
        try
        {
            if (_inTransaction.Contains(partition))
            {
                return;
            }

            var request = new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = options.TransactionalId!,
                V3AndBelowProducerId = _producerId.Value,
                V3AndBelowProducerEpoch = _producerEpoch,
                V3AndBelowTopics = [new() { Name = partition.Topic, Partitions = [partition.Partition] }],
            };
            (AddPartitionsToTxnResponse response, _) = await cluster.AskCoordinatorAsync<AddPartitionsToTxnResponse>(
                CoordinatorKind.Transaction, options.TransactionalId!, request, ErrorOf, highest: AddPartitionsVersionMax, cancellation: cancellation);
            ThrowIfError(ErrorOf(response), $"Adding {partition} to the transaction");
            _inTransaction.Add(partition);
        }
        finally
        {
            _joining.Release();
        }

        static ErrorCode ErrorOf(AddPartitionsToTxnResponse response) => response.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;
    }

    private async Task<InitProducerIdResponse> AskForProducerIdAsync(CancellationToken cancellation)
    {
        if (options.TransactionalId is not { } id)
        {
            return await cluster.SendToAnyAsync<InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = int.MaxValue }, cancellation: cancellation);
        }

        (InitProducerIdResponse response, _) = await cluster.AskCoordinatorAsync<InitProducerIdResponse>(
            CoordinatorKind.Transaction,
            id,
            new InitProducerIdRequest { TransactionalId = id, TransactionTimeoutMs = (int)Math.Min(options.TransactionTimeout.TotalMilliseconds, int.MaxValue) },
            r => r.ErrorCode,
            cancellation: cancellation);
        return response;
    }

    /// <summary>Remembers the first record that failed, so that its transaction is not committed.</summary>
    private Action<Delivery> Watched(Action<Delivery>? whenDone) => delivery =>
    {
        if (delivery.Error is { } error)
        {
            Interlocked.CompareExchange(ref _failure, error, null);
        }

        whenDone?.Invoke(delivery);
    };

    private void ThrowIfError(ErrorCode code, string what)
    {
        if (code != ErrorCode.None)
        {
            throw Told(new BrokerErrorException(code, what));
        }
    }

    /// <summary>Partitions and old coordinators say of a fenced producer that its epoch is wrong.</summary>
    private ClientException Told(ClientException failure) =>
        failure is BrokerErrorException { Code: ErrorCode.ProducerFenced or ErrorCode.InvalidProducerEpoch } ? new ProducerFencedException(options.TransactionalId!, failure) : failure;
}
