using System.Text;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;

namespace Tidemark.Simulator.Clients.Copying;

/// <summary>Writes copies and an offset in one transaction, by the requests of either version of transactions.</summary>
internal sealed class CopyTransaction(CopierClient client, string transactionalId, string group, string sink, bool isOld, bool isHasty)
{
    private const sbyte TransactionKey = 1;
    private const int AttemptsMax = 12;

    /// <summary>How long one that is hasty waits for the answer to a write.</summary>
    private static readonly TimeSpan s_hasty = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<PartitionId, int> _sequences = [];
    private long _producerId = -1;
    private short _producerEpoch = -1;

    public string Sink => sink;

    /// <summary>True when it is committed, false when it is aborted, null when it is given up: then nothing is known here.</summary>
    public async Task<bool?> Run(IReadOnlyList<string> copies, PartitionId source, long offset, GroupMembership membership, bool commit)
    {
        if (_producerId < 0 && !await Begin())
        {
            return null;
        }

        int parts = client.PartitionsOf(sink);
        if (parts == 0)
        {
            // Whoever was asked last is behind, and knows no such topic.
            return null;
        }

        int cut = client.Draws(0.5) ? copies.Count : client.Draw(copies.Count + 1);
        int first = client.Draw(parts);
        bool stands = await Write(client.PartitionOf(sink, first), [.. copies.Take(cut)])
            && await Write(client.PartitionOf(sink, (first + 1) % parts), [.. copies.Skip(cut)])
            && await CommitOffset(source, offset, membership);
        if (client.Draws(0.1))
        {
            await client.Pause();
        }

        if (stands && await End(commit))
        {
            return commit;
        }

        // What is under way of a hasty one's writes may come when the transaction is over. One of version 2 goes on in the next epoch.
        if (!stands && isHasty && await End(commit: false) && !isOld)
        {
            return false;
        }

        // A piece of which something failed is aborted by whoever begins next, as if this process had died here.

        _producerId = -1;
        return null;
    }

    private static bool IsPassing(ErrorCode? error) => error is null
        or ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable or ErrorCode.CoordinatorLoadInProgress or ErrorCode.ConcurrentTransactions
        or ErrorCode.NotLeaderOrFollower or ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId or ErrorCode.NotEnoughReplicas
        or ErrorCode.NotEnoughReplicasAfterAppend or ErrorCode.RequestTimedOut or ErrorCode.KafkaStorageError or ErrorCode.LeaderNotAvailable
        or ErrorCode.FencedLeaderEpoch or ErrorCode.NetworkException;

    /// <summary>Asks until there is an answer that is not passing; null when there is none.</summary>
    private Task<ErrorCode?> Insist(string what, Func<Task<ErrorCode?>> ask) => Insist(AttemptsMax, what, ask);

    private async Task<ErrorCode?> Insist(int attemptsMax, string what, Func<Task<ErrorCode?>> ask)
    {
        ErrorCode? error = null;
        for (int attempt = 0; attempt < attemptsMax; attempt++)
        {
            error = await ask();
            client.Count($"{what} {error}");
            if (!IsPassing(error))
            {
                return error;
            }

            client.ForgetCoordinator(transactionalId);
            if (error is not ErrorCode.ConcurrentTransactions)
            {
                client.ForgetCoordinator(group);
                await client.LookAgain();
            }

            await client.Pause();
        }

        return error;
    }

    private async Task<bool> Begin()
    {
        _sequences.Clear();
        return await Insist("init producer", async () =>
        {
            InitProducerIdResponse? answer = await client.AskCoordinator<InitProducerIdRequest, InitProducerIdResponse>(
                transactionalId, new InitProducerIdRequest { TransactionalId = transactionalId, TransactionTimeoutMs = 4000 }, lowest: 3, keyType: TransactionKey);
            if (answer is { ErrorCode: ErrorCode.None })
            {
                (_producerId, _producerEpoch) = (answer.ProducerId, answer.ProducerEpoch);
            }

            return answer?.ErrorCode;
        }) == ErrorCode.None;
    }

    private async Task<bool> Write(PartitionId partition, string[] values)
    {
        if (values.Length == 0)
        {
            return true;
        }

        if (isOld && !await AddPartition(partition))
        {
            return false;
        }

        int sequence = _sequences.GetValueOrDefault(partition);
        byte[] batch = Batch(values, sequence);
        ErrorCode? error = await Insist(isHasty ? 1 : AttemptsMax, "transactional produce", async () =>
        {
            ProduceResponse? answer = await client.AskLeader<ProduceRequest, ProduceResponse>(
                partition,
                new ProduceRequest
                {
                    TransactionalId = transactionalId,
                    Acks = -1,
                    TimeoutMs = 3000,
                    TopicData = [new() { Name = partition.Topic, TopicId = partition.TopicId, PartitionData = [new() { Index = partition.Index, Records = batch }] }],
                },
                highest: isOld ? (short)11 : short.MaxValue,
                patience: isHasty ? s_hasty : null);
            return answer?.Responses[0].PartitionResponses[0].ErrorCode;
        });
        if (error != ErrorCode.None)
        {
            return false;
        }

        _sequences[partition] = sequence + values.Length;
        return true;
    }

    private async Task<bool> AddPartition(PartitionId partition) => await Insist("add partition", async () =>
    {
        AddPartitionsToTxnResponse? answer = await client.AskCoordinator<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse>(
            transactionalId,
            new AddPartitionsToTxnRequest
            {
                V3AndBelowTransactionalId = transactionalId,
                V3AndBelowProducerId = _producerId,
                V3AndBelowProducerEpoch = _producerEpoch,
                V3AndBelowTopics = [new() { Name = partition.Topic, Partitions = [partition.Index] }],
            },
            highest: 3,
            keyType: TransactionKey);
        return answer?.ResultsByTopicV3AndBelow[0].ResultsByPartition[0].PartitionErrorCode;
    }) == ErrorCode.None;

    private async Task<bool> CommitOffset(PartitionId source, long offset, GroupMembership membership)
    {
        if (isOld && await Insist("add offsets", async () => (await client.AskCoordinator<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse>(
            transactionalId,
            new AddOffsetsToTxnRequest { TransactionalId = transactionalId, ProducerId = _producerId, ProducerEpoch = _producerEpoch, GroupId = group },
            keyType: TransactionKey))?.ErrorCode) != ErrorCode.None)
        {
            return false;
        }

        return await Insist("transactional commit", async () =>
        {
            TxnOffsetCommitResponse? answer = await client.AskCoordinator<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(
                group,
                new TxnOffsetCommitRequest
                {
                    TransactionalId = transactionalId,
                    GroupId = group,
                    ProducerId = _producerId,
                    ProducerEpoch = _producerEpoch,
                    GenerationId = membership.Generation,
                    MemberId = membership.MemberId,
                    Topics = [new() { Name = source.Topic, Partitions = [new() { PartitionIndex = source.Index, CommittedOffset = offset, CommittedMetadata = "" }] }],
                },
                lowest: 3,
                highest: isOld ? (short)4 : short.MaxValue);
            return answer?.Topics[0].Partitions[0].ErrorCode;
        }) == ErrorCode.None;
    }

    /// <summary>True when it ended as wished; otherwise nobody knows.</summary>
    private async Task<bool> End(bool commit)
    {
        ErrorCode? error = await Insist(commit ? "commit" : "abort", async () =>
        {
            EndTxnResponse? answer = await client.AskCoordinator<EndTxnRequest, EndTxnResponse>(
                transactionalId,
                new EndTxnRequest { TransactionalId = transactionalId, ProducerId = _producerId, ProducerEpoch = _producerEpoch, Committed = commit },
                highest: isOld ? (short)4 : short.MaxValue,
                keyType: TransactionKey);
            if (answer is { ErrorCode: ErrorCode.None, ProducerId: >= 0 })
            {
                // Every transaction has an epoch of its own, and its sequences begin anew.
                (_producerId, _producerEpoch) = (answer.ProducerId, answer.ProducerEpoch);
                _sequences.Clear();
            }

            return answer?.ErrorCode;
        });
        return error == ErrorCode.None;
    }

    private byte[] Batch(string[] values, int sequence)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = new ProducerId(_producerId),
            ProducerEpoch = _producerEpoch,
            BaseSequence = sequence,
            IsTransactional = true,
        });
        foreach (string value in values)
        {
            builder.Append(client.UnixMs, default, Encoding.ASCII.GetBytes(value));
        }

        return builder.Build().ToArray();
    }
}
