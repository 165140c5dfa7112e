using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// The committed metadata log as it came to be known first, batch by batch: what any node must hold, and what every state of the cluster
/// follows from. Replays it independently of all nodes.
/// </summary>
internal sealed class CommittedMetadata(Action<MetadataImage, MetadataImage> onChange)
{
    private readonly SortedList<long, BatchMark> _batches = [];
    private MetadataReplay _replay = new(MetadataImage.Empty);

    /// <summary>The end of what is known.</summary>
    public long End { get; private set; }

    /// <summary>The last batch that is known.</summary>
    public BatchMark? Last => _batches.Count == 0 || _batches.Values[^1].Next != End ? null : _batches.Values[^1];

    /// <summary>The cluster as of <see cref="End"/>.</summary>
    public MetadataImage Image => _replay.ToImage();

    /// <summary>True once a part of the log was seen as a snapshot only: who was made a voter in it is not known.</summary>
    public bool HasGap { get; private set; }

    /// <summary>The voters that the log names; null while the configuration fixes them.</summary>
    public IReadOnlyList<int>? Voters { get; private set; }

    public BatchMark? At(long offset) => _batches.TryGetValue(offset, out BatchMark mark) ? mark : null;

    /// <summary>Takes what a node published as committed, out of its log.</summary>
    public void ExtendTo(MetadataImage published, MetadataLogScan scan)
    {
        long end = published.LastOffset.Value + 1;
        foreach (MetadataBatch batch in scan.Batches)
        {
            if (batch.Mark.Next <= End || batch.Mark.Next > end)
            {
                continue;
            }

            if (batch.Mark.First > End)
            {
                // What lies between is in a snapshot: the history goes on from the state at its end.
                HasGap = true;
                _replay = new MetadataReplay(published);
                End = end;
                return;
            }

            _batches[batch.Mark.First] = batch.Mark;
            End = batch.Mark.Next;
            Replay(batch);
        }
    }

    private void Replay(MetadataBatch batch)
    {
        MetadataImage before = Image;
        var header = new RecordBatchHeader(batch.Bytes);
        if (header.IsControl)
        {
            Voters = batch.Voters() ?? Voters;
            _replay.Pass(header.LastOffset, header.LeaderEpoch, header.MaxTimestamp);
            return;
        }

        var reader = new RecordReader(header, header.Payload);
        var records = new List<MetadataRecord>();
        while (reader.MoveNext(out RecordView record))
        {
            records.Add(MetadataRecord.Read(record.Value.ToArray()));
        }

        _replay.Replay(records, header.LastOffset, header.LeaderEpoch, header.MaxTimestamp);
        onChange(before, Image);
    }
}
