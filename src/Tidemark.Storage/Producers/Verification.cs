namespace Tidemark.Storage.Producers;

/// <summary>
/// A verification that is under way: one for each producer, whose lowest sequence goes first. A higher one that overtook it would be
/// written, and the lower one would then be out of order for ever.
/// </summary>
internal sealed class Verification(short epoch, int sequence, bool addsPartition, long startedMs)
{
    private short _epoch = epoch;
    private int _lowestSequence = sequence;

    public VerificationGuard Guard { get; } = new();

    public long StartedMs => startedMs;

    /// <summary>Another batch of the producer waits for the same verification.</summary>
    public void Join(short epoch, int sequence)
    {
        if (epoch > _epoch)
        {
            (_epoch, _lowestSequence) = (epoch, sequence);
        }
        else if (epoch == _epoch && sequence < _lowestSequence)
        {
            _lowestSequence = sequence;
        }
    }

    /// <summary>
    /// Whether it is of a transaction that a marker of version 2 leaves alone: the marker stands in the epoch that follows the ended
    /// transaction's, so what is verified in that epoch, or later, has only begun.
    /// </summary>
    public bool Outlasts(short markerEpoch) => _epoch >= markerEpoch;

    /// <summary>
    /// Whether a batch may be the first of the transaction. A client of transaction version 2 begins at zero wherever nothing is known of
    /// it, as none of its records can have been deleted yet.
    /// </summary>
    public bool Admits(int sequence, bool hasBatches) => sequence <= _lowestSequence && (!addsPartition || hasBatches || sequence == 0);
}
