using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Producing;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 0, Produce: appends a batch to each of many partitions.
/// v3 record batches with a transactional id · v5 log start · v7 zstd (KIP-110) · v8 which records were refused (KIP-467) · v10 who leads
/// instead (KIP-951) · v12 transactions v2 · v13 topic ids instead of names.
/// Versions 0 to 2 are advertised because librdkafka looks at them to choose its compression, but a request of them ends the connection,
/// as at Kafka. All partitions are appended to first and waited for together. A partition named twice keeps the last batch, a topic
/// named twice is one. Before the first batch of a transaction at a partition the transaction's coordinator is asked (KIP-890), before
/// version 12 whether the client has added the partition, from then on to add it; later requests of the connection wait for that.
/// </summary>
public sealed class ProduceHandler : IRequestHandler
{
    private readonly PartitionRegistry _partitions;
    private readonly ProduceAnswer _answer;
    private readonly DelayQueue _delays;
    private readonly TimeProvider _time;
    private readonly TransactionVerifier? _verifier;

    /// <param name="verifier">Null where there are no transactions: every transactional batch is refused as by a coordinator that does not know the id.</param>
    public ProduceHandler(PartitionRegistry partitions, IClusterView cluster, DelayQueue delays, TimeProvider time, TransactionVerifier? verifier = null)
    {
        _verifier = verifier;
        _partitions = partitions;
        _answer = new ProduceAnswer(cluster);
        _delays = delays;
        _time = time;
    }

    public ApiKey Api => ApiKey.Produce;

    public short LowestVersion => 3;

    public short HighestVersion => 13;

    public short AdvertisedLowestVersion => 0;

    public bool LetsLaterRequestsPass => true;

    public void Handle(Request request)
    {
        ProduceParts parts = ProduceParts.Read(request.Body, request.ApiVersion, _partitions);
        ErrorCode refused = RefuseAll(parts);
        if (parts.HasTransactionalBatches && refused == ErrorCode.None)
        {
            ValueTask<ErrorCode> verified = TransactionalParts.Verify(parts, request.ApiVersion, _verifier);
            if (!verified.IsCompletedSuccessfully)
            {
                request.HoldLaterRequests();
                _ = AppendLater(request, parts, verified);
                return;
            }

            refused = verified.Result;
        }

        AppendAll(request, parts, refused);
    }

    /// <summary>A producer that wants no answer learns of a failure only from the end of its connection.</summary>
    public void Refuse(Request request, ErrorCode error)
    {
        ProduceParts parts = ProduceParts.Read(request.Body, request.ApiVersion, _partitions);
        if (parts.Acks == 0)
        {
            request.Close($"produce with acks=0 failed with {error.KafkaName()}");
            return;
        }

        foreach (ref ProducePartition p in parts.Partitions.AsSpan(0, parts.Count))
        {
            p.Outcome = AppendOutcome.Failed(error);
        }

        _answer.Send(request, parts.Topics, parts.Partitions, parts.Count);
    }

    private async Task AppendLater(Request request, ProduceParts parts, ValueTask<ErrorCode> verified)
    {
        try
        {
            AppendAll(request, parts, await verified);
            request.LetLaterRequestsPass();
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            request.Connection.Fail(request, e);
        }
    }

    private void AppendAll(Request request, in ProduceParts parts, ErrorCode refused)
    {
        ProducePartition[] partitions = parts.Partitions;
        long nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = 0; i < parts.Count; i++)
        {
            ref ProducePartition p = ref partitions[i];
            p.Outcome = refused != ErrorCode.None ? AppendOutcome.Failed(refused)
                : p.Outcome.Error != ErrorCode.None ? p.Outcome
                : request.Connection.RefusedBatches?.ReasonBefore(parts.Topics[p.TopicIndex], p) is { } reason and not ErrorCode.None ? AppendOutcome.Failed(reason)
                : TryAppend(request, ref p, parts, nowMs);
            if (RefusedBatches.Passes(p.Outcome.Error))
            {
                (request.Connection.RefusedBatches ??= new(_time)).Add(parts.Topics[p.TopicIndex], p, p.Outcome.Error);
            }
        }

        if (parts.Acks == 0)
        {
            RespondNothing(request, partitions, parts.Count);
        }
        else if (parts.Acks == -1)
        {
            // The logs have the bytes; while the request waits, its buffer can serve another one.
            request.ReleaseFrame();
            new ProduceCall(request, parts.Topics, partitions, parts.Count, _answer).AwaitAll(_delays, parts.TimeoutMs);
        }
        else
        {
            _answer.Send(request, parts.Topics, partitions, parts.Count);
        }
    }

    /// <summary>What refuses the whole request before any partition is looked at.</summary>
    private static ErrorCode RefuseAll(in ProduceParts parts) =>
        parts.TransactionalId is null && parts.HasTransactionalBatches ? ErrorCode.TransactionalIdAuthorizationFailed : ErrorCode.None;

    /// <summary>What goes wrong inside the broker with one partition is that partition's error: other batches may stand in their logs already.</summary>
    private static AppendOutcome TryAppend(Request request, ref ProducePartition p, in ProduceParts parts, long nowMs)
    {
        try
        {
            return Append(ref p, parts, request.ApiVersion, nowMs);
        }
        catch (Exception e) when (e is not (InvariantViolationException or ProtocolException))
        {
            request.Connection.Report(request, e);
            return AppendOutcome.Failed(ErrorCode.UnknownServerError);
        }
    }

    private static AppendOutcome Append(ref ProducePartition p, in ProduceParts parts, short version, long nowMs)
    {
        if (parts.Acks is not (0 or 1 or -1) && p.EarlyError is (ErrorCode.None or ErrorCode.NotLeaderOrFollower))
        {
            // Wherever the partition is: another broker would not take it either. Of what is nowhere that counts first, as in Kafka.
            return AppendOutcome.Failed(ErrorCode.InvalidRequiredAcks);
        }

        if (p.Partition is not { } partition)
        {
            return AppendOutcome.Failed(p.EarlyError);
        }

        if (InternalTopics.Contains(partition.Name.Topic))
        {
            return AppendOutcome.Failed(ErrorCode.InvalidTopicException, "Clients do not write to the broker's own topics.");
        }

        return ProducedBatch.Append(partition, p, version, acksAll: parts.Acks == -1, nowMs);
    }

    /// <summary>With acks=0 the only way to tell a producer that something went wrong is to end the connection, and it then asks for metadata.</summary>
    private static void RespondNothing(Request request, ProducePartition[] partitions, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (partitions[i].Outcome.Error != ErrorCode.None)
            {
                request.Close($"produce with acks=0 failed with {partitions[i].Outcome.Error.KafkaName()}");
                return;
            }
        }

        request.RespondNothing();
    }
}
