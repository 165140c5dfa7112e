using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>Where a batch stands, and the leader epoch that it names.</summary>
internal readonly record struct BatchPlace(Segment Segment, int Position, long Offset, int Epoch);

/// <summary>
/// Finds the batch whose leader epoch is damaged, among those handed in one after the other. No checksum covers the field, and a loss of power may
/// turn bits of what was not flushed; but epochs never fall along a log. One batch that is out of line is damage. Several in a row that name a lower
/// epoch than those before are not: a cluster whose metadata were made anew counts from zero in logs that it found.
/// </summary>
/// <param name="before">The epoch in front of the first batch, as far as known.</param>
/// <param name="unflushedFrom">What stands before this offset was flushed and is as it was written.</param>
internal sealed class EpochOrder(LeaderEpoch before, long unflushedFrom)
{
    private int _secondLast = before.Value;
    private int _last = before.Value;
    private BatchPlace? _lastPlace;
    private BatchPlace? _lower;
    private BatchPlace? _damaged;

    public void Next(Segment segment, StoredBatch batch, int position)
    {
        if (_damaged is not null || batch.LeaderEpoch == LeaderEpoch.Unknown)
        {
            return;
        }

        int epoch = batch.LeaderEpoch.Value;
        var place = new BatchPlace(segment, position, batch.BaseOffset.Value, epoch);
        if (batch.LeaderEpoch.IsImpossible)
        {
            // What was flushed stays whatever it says.
            _damaged = place.Offset >= unflushedFrom ? place : null;
            return;
        }

        if (_lower is not null)
        {
            _damaged = epoch >= _last ? _lower : null;
            _lower = null;
        }
        else if (epoch < _last)
        {
            if (epoch >= _secondLast && _lastPlace is { } higher && higher.Offset >= unflushedFrom)
            {
                _damaged = higher;
                return;
            }

            if (place.Offset >= unflushedFrom)
            {
                // The next one tells whether it stands alone.
                _lower = place;
                return;
            }
        }

        (_secondLast, _last, _lastPlace) = (_last, epoch, place);
    }

    /// <summary>The first damaged batch, after the last was handed in.</summary>
    public BatchPlace? Damaged() => _damaged ?? _lower;
}
