using Tidemark.Primitives;

namespace Tidemark.Coordination.Transactions;

public sealed partial class TransactionShard
{
    /// <summary>
    /// Partitions join the producer's transaction, which begins with the first. Answers a <see cref="TransactionOutcome"/>. While the
    /// transaction before is being ended it waits a little for that: its client would only come again.
    /// </summary>
    /// <param name="clientVersion">The transaction version that the request shows its client to have.</param>
    public void AddPartitions(long ticket, string id, TransactionalWriter producer, IReadOnlyCollection<TopicPartition> partitions, short clientVersion, ShardTime now)
    {
        ErrorCode error = CheckOpen(id, producer, out TransactionMetadata? known);
        if (error == ErrorCode.ConcurrentTransactions && _waiting.Count < WaitingMax)
        {
            _waiting.Add(new WaitingAdd(ticket, id, producer, partitions, clientVersion, now.Monotonic + s_waitMax));
            return;
        }

        if (error != ErrorCode.None)
        {
            Respond(ticket, new TransactionOutcome(error));
            return;
        }

        if (known!.State != TransactionState.Ongoing || !known.Partitions.IsSupersetOf(partitions))
        {
            Keep(known.Add(partitions, clientVersion, now.UnixMs));
        }

        Respond(ticket, TransactionOutcome.Success);
    }

    /// <summary>
    /// Which of the partitions are in the producer's transaction (KIP-890). Answers an error for each in their order: those that are not are
    /// TRANSACTION_ABORTABLE.
    /// </summary>
    public void Verify(long ticket, string id, TransactionalWriter producer, IReadOnlyCollection<TopicPartition> partitions)
    {
        ErrorCode error = CheckOpen(id, producer, out TransactionMetadata? known);
        Respond(ticket, (IReadOnlyList<ErrorCode>)[.. partitions.Select(p =>
            error != ErrorCode.None ? error : known!.Partitions.Contains(p) ? ErrorCode.None : ErrorCode.TransactionAbortable)]);
    }

    /// <summary>The client ends its transaction as those before version 2 do (EndTxn up to v4). Answers a <see cref="TransactionOutcome"/>.</summary>
    public void End(long ticket, string id, TransactionalWriter producer, bool commit, ShardTime now)
    {
        if (Owned(ticket, id, producer) is not { } known)
        {
            return;
        }

        if (known.Epoch != producer.Epoch)
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ProducerFenced));
        }
        else if (known.State == TransactionState.Ongoing)
        {
            Decide(known.Prepare(commit, now.UnixMs));
            Respond(ticket, TransactionOutcome.Success);
        }
        else
        {
            Respond(ticket, new TransactionOutcome(EndedAs(known.State, commit)));
        }
    }

    /// <summary>
    /// The client ends its transaction, and with it its epoch (EndTxn v5, KIP-890). The answer, a <see cref="TransactionOutcome"/>, tells the
    /// next epoch, or a new producer id where none is left. A request that comes again is known by the epoch before, and only the same end
    /// is answered once more.
    /// </summary>
    /// <param name="fresh">A producer id that nobody has; null until one is needed.</param>
    public void EndAndRaise(long ticket, string id, TransactionalWriter producer, bool commit, ProducerId? fresh, ShardTime now)
    {
        if (_ids.Find(id) is not { } known)
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.InvalidProducerIdMapping));
            return;
        }

        // While the end before is carried out nothing is told but that: the client has that end's epoch already, and may end the next
        // transaction before it wrote anything. To be fenced would be its end.
        if (known.State.IsPrepared())
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ConcurrentTransactions));
            return;
        }

        bool hadLast = known.ProducerId != producer.Id.Value && known.PreviousProducerId == producer.Id.Value
            && producer.Epoch == TransactionMetadata.EpochMax && known.Epoch == 0;
        bool rotated = hadLast && known.State is TransactionState.CompleteCommit or TransactionState.CompleteAbort;
        bool isRetry = rotated || (known.Epoch == producer.Epoch + 1 && known.State is not (TransactionState.Empty or TransactionState.Ongoing));
        bool isCurrent = known.Epoch == producer.Epoch;
        if (known.ProducerId != producer.Id.Value && !hadLast)
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.InvalidProducerIdMapping));
        }
        else if (!isRetry && !isCurrent)
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ProducerFenced));
        }
        else if (isRetry)
        {
            ErrorCode error = EndedAs(known.State, commit);
            Respond(ticket, error == ErrorCode.None ? Next(known) : new TransactionOutcome(error));
        }
        else if (commit && known.State != TransactionState.Ongoing)
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.InvalidTxnState));
        }
        else if (known.IsExhausted && fresh is null)
        {
            RespondAtOnce(ticket, TransactionOutcome.WantsProducerId);
        }
        else
        {
            TransactionMetadata prepared = known.PrepareAndRaise(commit, known.IsExhausted ? fresh!.Value.Value : TransactionMetadata.NoProducerId, now.UnixMs);
            Decide(prepared);
            Respond(ticket, Next(prepared.Complete(now.UnixMs)));
        }
    }

    /// <summary>The transaction before has ended: who waited for that goes on.</summary>
    private void GoOn(string id, ShardTime now)
    {
        foreach (WaitingAdd waiting in TakeWaiting(w => w.Id == id))
        {
            AddPartitions(waiting.Ticket, id, waiting.Producer, waiting.Partitions, waiting.ClientVersion, now);
        }
    }

    private void GiveUpWaiting(ShardTime now)
    {
        foreach (WaitingAdd waiting in TakeWaiting(w => w.Deadline <= now.Monotonic))
        {
            Respond(waiting.Ticket, new TransactionOutcome(ErrorCode.ConcurrentTransactions));
        }
    }

    private List<WaitingAdd> TakeWaiting(Predicate<WaitingAdd> which)
    {
        List<WaitingAdd> taken = _waiting.FindAll(which);
        if (taken.Count > 0)
        {
            _waiting.RemoveAll(which);
        }

        return taken;
    }

    private static TransactionOutcome Next(TransactionMetadata ended) => new(ErrorCode.None, ended.ProducerId, ended.Epoch);

    /// <summary>The answer to an end that was decided already, when all partitions know: the same end succeeds, the other one never does.</summary>
    private static ErrorCode EndedAs(TransactionState state, bool commit) => (state, commit) switch
    {
        (TransactionState.CompleteCommit, true) or (TransactionState.CompleteAbort, false) => ErrorCode.None,
        (TransactionState.PrepareCommit or TransactionState.PrepareAbort, _) => ErrorCode.ConcurrentTransactions,
        _ => ErrorCode.InvalidTxnState,
    };

    private TransactionMetadata? Owned(long ticket, string id, TransactionalWriter producer)
    {
        if (_ids.Find(id) is { } known && known.ProducerId == producer.Id.Value)
        {
            return known;
        }

        Respond(ticket, new TransactionOutcome(ErrorCode.InvalidProducerIdMapping));
        return null;
    }

    private ErrorCode CheckOpen(string id, TransactionalWriter producer, out TransactionMetadata? known)
    {
        known = _ids.Find(id);
        return known is null || known.ProducerId != producer.Id.Value ? ErrorCode.InvalidProducerIdMapping
            : known.Epoch != producer.Epoch ? ErrorCode.ProducerFenced
            : known.State.IsPrepared() ? ErrorCode.ConcurrentTransactions
            : ErrorCode.None;
    }

    private sealed record WaitingAdd(
        long Ticket, string Id, TransactionalWriter Producer, IReadOnlyCollection<TopicPartition> Partitions, short ClientVersion, TimeSpan Deadline);
}
