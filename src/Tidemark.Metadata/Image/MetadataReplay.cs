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

    /// <summary>Controllers that registered in the newest epoch and say of themselves what <see cref="FeatureTable.ProvenHeartbeats"/> stands for.</summary>
    private readonly HashSet<int> _proving = [];

    /// <summary>True while a transaction waits for its end; the one that leads must end it.</summary>
    public bool IsInTransaction => _open is not null;

    /// <summary>
    /// True when the newest epoch is this one and the controller registered in it, saying that it acknowledges no heartbeat before a record
    /// appended after the heartbeat is committed. A leader of ours notes itself in each of its epochs; one that does not is not known to.
    /// </summary>
    public bool HasProvenHeartbeats(BrokerId leader, LeaderEpoch epoch) => epoch == _lastEpoch && _proving.Contains(leader.Value);

    /// <summary>Takes one batch of records.</summary>
    public void Replay(IEnumerable<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs)
    {
        Enter(epoch);
        foreach (MetadataRecord record in records)
        {
            if (record.Message is RegisterControllerRecord controller && controller.Features.Exists(each => each.Name == FeatureTable.ProvenHeartbeats))
            {
                _proving.Add(controller.ControllerId);
            }

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
        Enter(epoch);
        _isTouched = true;
        _lastOffset = lastOffset;
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

    private void Enter(LeaderEpoch epoch)
    {
        if (epoch != _lastEpoch)
        {
            _lastEpoch = epoch;
            _proving.Clear();
        }
    }
}
