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
    private readonly MetadataReplay _replay = new(MetadataImage.Empty);

    /// <summary>The end of what is known.</summary>
    public long End { get; private set; }

    /// <summary>The last batch that is known.</summary>
    public BatchMark? Last => _batches.Count == 0 || _batches.Values[^1].Next != End ? null : _batches.Values[^1];

    /// <summary>The cluster as of <see cref="End"/>.</summary>
    public MetadataImage Image => _replay.ToImage();

    /// <summary>The voters that the log names; null while the configuration fixes them.</summary>
    public IReadOnlyList<int>? Voters { get; private set; }

    public BatchMark? At(long offset) => _batches.TryGetValue(offset, out BatchMark mark) ? mark : null;

    /// <summary>Takes what is committed below an offset, out of the log of a node that knows it to be.</summary>
    /// <returns>False when that log begins behind what is known: what lies between can be followed no more.</returns>
    public bool ExtendTo(long end, MetadataLogScan scan)
    {
        foreach (MetadataBatch batch in scan.Batches)
        {
            if (batch.Mark.Next <= End || batch.Mark.Next > end)
            {
                continue;
            }

            if (batch.Mark.First > End)
            {
                return false;
            }

            _batches[batch.Mark.First] = batch.Mark;
            End = batch.Mark.Next;
            Replay(batch);
        }

        return scan.Start <= End;
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
