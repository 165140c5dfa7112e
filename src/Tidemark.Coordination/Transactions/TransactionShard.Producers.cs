using Tidemark.Primitives;

namespace Tidemark.Coordination.Transactions;

public sealed partial class TransactionShard
{
    /// <summary>A producer begins (InitProducerId): whoever wrote with the id before is fenced. Answers a <see cref="TransactionOutcome"/>.</summary>
    /// <param name="expected">The producer id and epoch that the asker has (KIP-360); null where it begins.</param>
    /// <param name="fresh">A producer id that nobody has; null until one is needed.</param>
    public void InitProducer(long ticket, string id, int timeoutMs, TransactionalWriter? expected, ProducerId? fresh, ShardTime now)
    {
        if (timeoutMs <= 0 || timeoutMs > View.Transactions.TimeoutMaxMs)
        {
            RespondAtOnce(ticket, new TransactionOutcome(ErrorCode.InvalidTransactionTimeout));
            return;
        }

        if (_ids.Find(id) is not { } known)
        {
            if (fresh is { } given)
            {
                Started(ticket, TransactionMetadata.New(id, given.Value, timeoutMs, now.UnixMs), now);
            }
            else
            {
                RespondAtOnce(ticket, TransactionOutcome.WantsProducerId);
            }
        }
        else if (expected is { } asked && !IsOwn(known, asked))
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ProducerFenced));
        }
        else if (known.State.IsPrepared())
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ConcurrentTransactions));
        }
        else if (known.State == TransactionState.Ongoing && NeedsIdToFence(known) && fresh is null)
        {
            RespondAtOnce(ticket, TransactionOutcome.WantsProducerId);
        }
        else if (known.State == TransactionState.Ongoing)
        {
            // The epoch that fences is never given out: the asker comes again and gets the next one, when the transaction is over.
            Fence(known, fresh, "another instance of its producer has begun", now);
            Respond(ticket, new TransactionOutcome(ErrorCode.ConcurrentTransactions));
        }
        else
        {
            BeginAnew(ticket, known, timeoutMs, expected?.Epoch, fresh, now);
        }
    }

    private void BeginAnew(long ticket, TransactionMetadata known, int timeoutMs, short? expected, ProducerId? fresh, ShardTime now)
    {
        if (known.IsExhausted && (expected is null || expected == known.Epoch))
        {
            if (fresh is { } given)
            {
                Started(ticket, known.Rotate(given.Value, expected is not null, timeoutMs, now.UnixMs), now);
            }
            else
            {
                RespondAtOnce(ticket, TransactionOutcome.WantsProducerId);
            }
        }
        else if (expected is null || expected == known.Epoch)
        {
            Started(ticket, known.Begin((short)(known.Epoch + (Plants.IsOn(Plant.ProducerEpochNotRaised) ? 0 : 1)), expected is null ? TransactionMetadata.NoEpoch : known.Epoch, timeoutMs, now.UnixMs), now);
        }
        else if (expected == known.LastEpoch)
        {
            // Its answer was lost: the one who asked already has this epoch, for any other would have taken the last one away.
            Started(ticket, known.Begin(known.Epoch, known.LastEpoch, timeoutMs, now.UnixMs), now);
        }
        else
        {
            Respond(ticket, new TransactionOutcome(ErrorCode.ProducerFenced));
        }
    }

    /// <summary>
    /// Aborts a transaction that was open for too long, with a producer id that its producer goes on with: see <see cref="TakeProducerId"/>. The
    /// transaction may be over by now.
    /// </summary>
    public void AbortLate(TakeProducerId late, ProducerId fresh, ShardTime now)
    {
        if (_ids.Find(late.TransactionalId) is { State: TransactionState.Ongoing } known && known.StartedMs == late.StartedMs && known.Writer == late.Writer)
        {
            FenceLate(known, fresh, now);
        }
    }

    /// <summary>
    /// From version 2 of transactions on a producer that is fenced may go on in the next epoch. Where that would be the largest one it goes on with a new
    /// id instead, as after any end in the last epoch: in the largest one nobody could be fenced any more, and no marker be told from a late one.
    /// </summary>
    private bool NeedsIdToFence(TransactionMetadata known) => View.Transactions.Version >= 2 && known.IsExhausted;

    private void FenceLate(TransactionMetadata known, ProducerId? fresh, ShardTime now) =>
        Fence(known, fresh, $"it was open for longer than {known.TimeoutMs} ms", now);

    private void Fence(TransactionMetadata known, ProducerId? fresh, string reason, ShardTime now)
    {
        Emit(new Note($"The transaction of {known.Id} (producer {known.ProducerId}, epoch {known.Epoch}) is aborted: {reason}"));
        long next = NeedsIdToFence(known) && fresh is { } given ? given.Value : TransactionMetadata.NoProducerId;
        Decide(known.Fence(View.Transactions.Version, next, now.UnixMs));
    }

    /// <summary>The producer that asks is the one that is known, or asks again after the epochs of its old id were used up.</summary>
    private static bool IsOwn(TransactionMetadata known, TransactionalWriter asked) =>
        asked.Id.Value == known.ProducerId
        || (asked.Id.Value == known.PreviousProducerId && asked.Epoch >= TransactionMetadata.EpochMax);

    private void Started(long ticket, TransactionMetadata started, ShardTime now)
    {
        Keep(started);
        Schedule(now);
        Respond(ticket, new TransactionOutcome(ErrorCode.None, started.ProducerId, started.Epoch));
    }
}
