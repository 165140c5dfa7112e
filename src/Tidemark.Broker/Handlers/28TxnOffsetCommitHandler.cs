using Tidemark.Broker.Cluster;
using Tidemark.Broker.Coordinating;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Transactions;
using Tidemark.Coordination;
using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Producers;
using Request = Tidemark.Broker.Connections.Request;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 28, TxnOffsetCommit: how far a group has read, as a part of a transaction (KIP-98).
/// v2 leader epochs · v3 the member that commits, so that one that its group has left behind is fenced (KIP-447) · v4 TRANSACTION_ABORTABLE · v5 adds the
/// group's partition to the transaction by itself (KIP-890). Before anything is written the transaction's coordinator agrees that the transaction is open.
/// </summary>
public sealed class TxnOffsetCommitHandler(Coordinators<GroupShard> groups, ClusterState cluster, TransactionVerifier? verifier)
    : MessageHandler<TxnOffsetCommitRequest, TxnOffsetCommitResponse>(ApiKey.TxnOffsetCommit, 0, 5)
{
    private const short AbortableErrorsFrom = 4;
    private const short AddsPartitionsFrom = 5;

    /// <summary>Older clients give up when they are told that a coordinator is loading.</summary>
    private const short LoadingIsKnownFrom = 2;

    private const int NoSequence = -1;

    protected override TxnOffsetCommitResponse Refusal(TxnOffsetCommitRequest request, ErrorCode error, short version) => Respond(request, (_, _) => error);

    protected override ValueTask<TxnOffsetCommitResponse> Answer(TxnOffsetCommitRequest request, Request context)
    {
        short version = context.ApiVersion;
        if (!request.Topics.Any(t => t.Partitions.Any(p => Exists(t.Name, p.PartitionIndex))))
        {
            return new(Refuse(request, ErrorCode.UnknownTopicOrPartition, version));
        }

        if (request.GroupId.Length == 0)
        {
            return new(Refuse(request, ErrorCode.InvalidGroupId, version));
        }

        if (groups.Find(request.GroupId) is not { } shard)
        {
            return new(Refuse(request, ErrorCode.NotCoordinator, version));
        }

        if (verifier is null)
        {
            return new(Refuse(request, ErrorCode.CoordinatorNotAvailable, version));
        }

        var write = new TransactionalWrite(shard.Partition, NoSequence);
        TransactionSupport support = version >= AddsPartitionsFrom ? TransactionSupport.AddsPartitions
            : version >= AbortableErrorsFrom ? TransactionSupport.AbortableErrors
            : TransactionSupport.OldErrors;
        ValueTask verified = verifier.Verify(request.TransactionalId, new ProducerId(request.ProducerId), request.ProducerEpoch, support, [write]);
        return verified.IsCompletedSuccessfully ? Commit(request, shard, write, version) : CommitLater(verified, request, shard, write, version);
    }

    private static TxnOffsetCommitResponse Respond(TxnOffsetCommitRequest request, Func<string, int, ErrorCode> error) => new()
    {
        Topics =
        [
            .. request.Topics.Select(topic => new TxnOffsetCommitResponse.TxnOffsetCommitResponseTopic
            {
                Name = topic.Name,
                Partitions =
                [
                    .. topic.Partitions.Select(p => new TxnOffsetCommitResponse.TxnOffsetCommitResponsePartition
                    {
                        PartitionIndex = p.PartitionIndex,
                        ErrorCode = error(topic.Name, p.PartitionIndex),
                    }),
                ],
            }),
        ],
    };

    private async ValueTask<TxnOffsetCommitResponse> CommitLater(
        ValueTask verified, TxnOffsetCommitRequest request, ShardDriver<GroupShard> shard, TransactionalWrite write, short version)
    {
        await verified;
        return await Commit(request, shard, write, version);
    }

    private ValueTask<TxnOffsetCommitResponse> Commit(TxnOffsetCommitRequest request, ShardDriver<GroupShard> shard, TransactionalWrite write, short version) =>
        write.Error != ErrorCode.None
            ? new(Refuse(request, OfVerification(write.Error), version))
            : shard.Ask(
                (core, ticket, now) => core.Offsets.CommitInTransaction(ticket, request, version, now),
                error => Refuse(request, error, version),
                write.Guard);

    /// <summary>What a group's client knows how to try again after.</summary>
    private static ErrorCode OfVerification(ErrorCode error) => error switch
    {
        ErrorCode.NetworkException => ErrorCode.CoordinatorLoadInProgress,
        _ => AppendErrors.ForClients(error),
    };

    /// <summary>The error for all partitions that exist; those that do not have their own.</summary>
    private TxnOffsetCommitResponse Refuse(TxnOffsetCommitRequest request, ErrorCode error, short version)
    {
        ErrorCode told = error == ErrorCode.CoordinatorLoadInProgress && version < LoadingIsKnownFrom ? ErrorCode.CoordinatorNotAvailable : error;
        return Respond(request, (topic, partition) => Exists(topic, partition) ? told : ErrorCode.UnknownTopicOrPartition);
    }

    private bool Exists(string topic, int partition) => cluster.Image.Topics.Find(topic)?.Partition(partition) is not null;
}
