using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>
/// Replays the metadata log batch by batch. Records between a BeginTransaction and its EndTransaction take effect together, and none of them
/// when the transaction is aborted (KIP-868).
/// </summary>
public sealed class MetadataReplay(MetadataImage start)
{
    private MetadataDelta _delta = new(start);
    private List<IMetadataRecord>? _open;
    private bool _isTouched;
    private Offset _lastOffset = start.LastOffset;
    private LeaderEpoch _lastEpoch = start.LastEpoch;
    private long _lastTimestampMs = start.LastTimestampMs;

    /// <summary>True while a transaction waits for its end; the one that leads must end it.</summary>
    public bool IsInTransaction => _open is not null;

    /// <summary>Takes one batch of records.</summary>
    public void Replay(IEnumerable<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs)
    {
        foreach (MetadataRecord record in records)
        {
            switch (record.Message)
            {
                case BeginTransactionRecord:
                    Invariant.Require(_open is null);
                    _open = [];
                    break;
                case AbortTransactionRecord:
                    Invariant.Require(_open is not null);
                    _open = null;
                    break;
                case EndTransactionRecord:
                    Invariant.Require(_open is not null);
                    _open.ForEach(_delta.Replay);
                    _open = null;
                    break;
                default:
                    if (_open is not null)
                    {
                        _open.Add(record.Message);
                    }
                    else
                    {
                        _delta.Replay(record.Message);
                    }

                    break;
            }
        }

        Pass(lastOffset, epoch, timestampMs);
    }

    /// <summary>Takes a batch that says nothing of the cluster, such as a leader's first.</summary>
    public void Pass(Offset lastOffset, LeaderEpoch epoch, long timestampMs)
    {
        _isTouched = true;
        _lastOffset = lastOffset;
        _lastEpoch = epoch;
        _lastTimestampMs = Math.Max(_lastTimestampMs, timestampMs);
    }

    /// <summary>The image as of the last batch, without what an open transaction holds.</summary>
    public MetadataImage ToImage()
    {
        if (!_isTouched)
        {
            return start;
        }

        start = _delta.ToImage(_lastOffset, _lastEpoch, _lastTimestampMs);
        _delta = new MetadataDelta(start);
        _isTouched = false;
        return start;
    }
}
