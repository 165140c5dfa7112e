using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Transactions;

/// <summary>What one write wants of its transaction's coordinator, and those who wait for the answer.</summary>
public sealed class CoordinatorAsk(
    string transactionalId, ProducerId producer, short epoch, TransactionSupport support, IReadOnlyList<TopicPartition> partitions)
{
    private readonly TaskCompletionSource<IReadOnlyDictionary<TopicPartition, ErrorCode>> _answer = new();

    public string TransactionalId => transactionalId;

    public ProducerId Producer => producer;

    public short Epoch => epoch;

    public bool VerifiesOnly => support != TransactionSupport.AddsPartitions;

    public IReadOnlyList<TopicPartition> Partitions => partitions;

    /// <summary>The errors of those partitions for which it failed.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> Answer => _answer.Task;

    public void Fail(ErrorCode error) => _answer.TrySetResult(partitions.ToDictionary(p => p, _ => error));

    /// <summary>Takes the coordinator's answer in the words that producers know.</summary>
    public void Take(AddPartitionsToTxnResponse.AddPartitionsToTxnResult? result)
    {
        var failed = new Dictionary<TopicPartition, ErrorCode>();
        foreach (TopicPartition partition in partitions)
        {
            AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult? found = result?.TopicResults
                .FirstOrDefault(t => t.Name == partition.Topic)?.ResultsByPartition.FirstOrDefault(p => p.PartitionIndex == partition.Partition);
            ErrorCode error = found?.PartitionErrorCode ?? ErrorCode.UnknownServerError;
            if (error != ErrorCode.None)
            {
                failed[partition] = error switch
                {
                    ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
                    ErrorCode.TransactionAbortable when support == TransactionSupport.OldErrors => ErrorCode.InvalidTxnState,
                    _ => error,
                };
            }
        }

        _answer.TrySetResult(failed);
    }
}
