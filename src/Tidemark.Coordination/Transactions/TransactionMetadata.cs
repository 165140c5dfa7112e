using System.Collections.Immutable;
using Tidemark.Primitives;

namespace Tidemark.Coordination.Transactions;

/// <summary>All that a coordinator knows of a transactional id. Every change makes a new value.</summary>
/// <param name="PreviousProducerId">
/// The id of before the last step: another one where its epochs were used up, so that who did not hear of that may ask again. -1 where there was none.
/// </param>
/// <param name="NextProducerId">The id that follows when the end that is being prepared uses up the last epoch; -1 otherwise.</param>
/// <param name="LastEpoch">
/// The epoch before, from which its owner raised it (KIP-360); -1 when somebody else did. It is not in the records: a retry that meets a
/// new coordinator is fenced.
/// </param>
/// <param name="StartedMs">When the first partition was added; -1 while there was none since the producer began.</param>
/// <param name="ClientVersion">The transaction version of the client whose request led here.</param>
public sealed record TransactionMetadata(
    string Id,
    long ProducerId,
    long PreviousProducerId,
    long NextProducerId,
    short Epoch,
    short LastEpoch,
    int TimeoutMs,
    TransactionState State,
    ImmutableHashSet<TopicPartition> Partitions,
    long StartedMs,
    long UpdatedMs,
    short ClientVersion)
{
    /// <summary>The last epoch that a client gets; the one above is left for fencing.</summary>
    public const short EpochMax = short.MaxValue - 1;

    public const long NoProducerId = -1;

    public const short NoEpoch = -1;

    /// <summary>No epoch is left that a client could get.</summary>
    public bool IsExhausted => Epoch >= EpochMax;

    /// <summary>
    /// The epoch above. None is above the largest: no client gets that one, but one that guesses it, or one that another broker gave it to, must be
    /// fenced and may end what it began all the same.
    /// </summary>
    private short Raised => Epoch == short.MaxValue ? Epoch : (short)(Epoch + 1);

    public TransactionalWriter Writer => new(new ProducerId(ProducerId), Epoch);

    /// <summary>A transactional id that was not known.</summary>
    public static TransactionMetadata New(string id, long producerId, int timeoutMs, long nowMs) => new(
        id, producerId, NoProducerId, NoProducerId, 0, NoEpoch, timeoutMs, TransactionState.Empty, [], -1, nowMs, 0);

    /// <summary>The producer begins, or begins anew: with the next epoch, or with the same when its owner asks again for what it got.</summary>
    public TransactionMetadata Begin(short epoch, short lastEpoch, int timeoutMs, long nowMs) =>
        To(TransactionState.Empty, nowMs) with { PreviousProducerId = ProducerId, Epoch = epoch, LastEpoch = lastEpoch, TimeoutMs = timeoutMs, Partitions = [], StartedMs = -1 };

    /// <summary>The producer begins with a new id, as no epoch of the old one is left.</summary>
    public TransactionMetadata Rotate(long producerId, bool isOwn, int timeoutMs, long nowMs) =>
        Begin(0, isOwn ? Epoch : NoEpoch, timeoutMs, nowMs) with { ProducerId = producerId };

    public TransactionMetadata Add(IEnumerable<TopicPartition> partitions, short clientVersion, long nowMs) =>
        To(TransactionState.Ongoing, nowMs) with
        {
            Partitions = Partitions.Union(partitions),
            StartedMs = State == TransactionState.Ongoing ? StartedMs : nowMs,
            ClientVersion = clientVersion,
        };

    /// <summary>The client ends the transaction as those before version 2 do: its epoch stays.</summary>
    public TransactionMetadata Prepare(bool commit, long nowMs) => Prepared(commit, nowMs) with { ClientVersion = 0 };

    /// <summary>The client ends the transaction, and with it the epoch (KIP-890).</summary>
    /// <param name="nextProducerId">A new id where this is the last epoch.</param>
    public TransactionMetadata PrepareAndRaise(bool commit, long nextProducerId, long nowMs) => Prepared(commit, nowMs) with
    {
        Epoch = Raised,
        LastEpoch = Epoch,
        NextProducerId = nextProducerId,
        StartedMs = State == TransactionState.Ongoing ? StartedMs : nowMs,
        ClientVersion = 2,
    };

    /// <summary>
    /// The coordinator aborts the transaction and fences its producer. From version 2 on that is the end of one epoch like any other: until somebody else
    /// has begun, the producer may go on in the next one when it asks with the one that it had.
    /// </summary>
    /// <param name="version">The cluster's transaction version.</param>
    /// <param name="nextProducerId">A new id where the producer may go on and this is the last epoch; -1 otherwise.</param>
    public TransactionMetadata Fence(short version, long nextProducerId, long nowMs) => Prepared(commit: false, nowMs) with
    {
        Epoch = Plants.IsOn(Plant.ProducerEpochNotRaised) ? Epoch : Raised,
        LastEpoch = version >= 2 ? Epoch : NoEpoch,
        NextProducerId = nextProducerId,
        ClientVersion = version >= 2 ? version : (short)0,
    };

    /// <summary>All partitions know how the transaction ended.</summary>
    public TransactionMetadata Complete(long nowMs)
    {
        TransactionMetadata done = To(State == TransactionState.PrepareCommit ? TransactionState.CompleteCommit : TransactionState.CompleteAbort, nowMs) with
        {
            Partitions = [],
            PreviousProducerId = ClientVersion >= 2 ? ProducerId : PreviousProducerId,
            NextProducerId = NoProducerId,
        };

        // The client has seen the last epoch but one of the old id, and next it sees the first of the new one.
        return NextProducerId == NoProducerId ? done : done with { ProducerId = NextProducerId, PreviousProducerId = ProducerId, Epoch = 0 };
    }

    private TransactionMetadata Prepared(bool commit, long nowMs) =>
        To(commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort, nowMs);

    private TransactionMetadata To(TransactionState state, long nowMs)
    {
        Invariant.Require(state.MayFollow(State));
        return this with { State = state, UpdatedMs = nowMs };
    }
}
