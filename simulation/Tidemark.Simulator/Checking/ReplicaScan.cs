using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>
/// Every batch that a replica stores, read as the log grows and once more from the beginning when it was cut or opened anew; and what those
/// batches say of producers, worked out here and not by the log.
/// </summary>
internal sealed class ReplicaScan(PartitionLog log)
{
    private readonly List<BatchMark> _marks = [];
    private readonly Dictionary<long, (short Epoch, int Sequence, int Coordinator)> _producers = [];

    /// <summary>What coordinators write in the name of a transaction has no sequences.</summary>
    private readonly bool _isCoordinators = log.Partition.Topic.StartsWith("__", StringComparison.Ordinal);
    private long _start;
    private long _end;

    public PartitionLog Log => log;

    /// <summary>In the order of their offsets.</summary>
    public IReadOnlyList<BatchMark> Marks => _marks;

    /// <summary>What each producer wrote last, and in which epoch a coordinator last ended a transaction of it.</summary>
    public IReadOnlyDictionary<long, (short Epoch, int Sequence, int Coordinator)> Producers => _producers;

    /// <summary>True when the log holds all that it ever held, so that nothing is known of a producer but what stands in it.</summary>
    public bool IsWhole => _start == 0;

    /// <summary>How many of the batches were compared with what is committed.</summary>
    public int Compared { get; set; }

    /// <summary>How many of the batches, from the first on, are those that are committed.</summary>
    public int Matching { get; set; }

    /// <summary>How often it was found that the log had been cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>Reads what came since. A producer whose sequences do not run on breaks a rule.</summary>
    public void Refresh(string name)
    {
        if (log.LogStart.Value > _start || log.LogEndOffset.Value < _end || !StillHoldsTheLast())
        {
            Cuts += log.LogStart.Value > _start ? 0 : 1;
            _marks.Clear();
            _producers.Clear();
            (Compared, Matching) = (0, 0);
            _start = _end = log.LogStart.Value;
        }

        foreach (BatchMark mark in StoredBatches.Read(log, _end, log.LogEndOffset.Value))
        {
            if (mark.Next > _end)
            {
                Take(mark, name);
            }
        }
    }

    private void Take(BatchMark mark, string name)
    {
        if (_marks.Count > 0 && (mark.First != _end || mark.Epoch < _marks[^1].Epoch))
        {
            throw new BrokenRuleException("2 a log has no gaps and its epochs rise", $"{name}: {_marks[^1]} is followed by {mark}");
        }

        if (mark is { Producer: >= 0, IsControl: true })
        {
            TakeMarker(mark, name);
        }
        else if (mark.Producer >= 0)
        {
            bool isKnown = _producers.TryGetValue(mark.Producer, out (short Epoch, int Sequence, int Coordinator) last);
            if (isKnown && mark.ProducerEpoch < last.Epoch)
            {
                throw new BrokenRuleException("16 a producer that was replaced is refused", $"{name}: {mark} stands behind epoch {last.Epoch} of its producer");
            }

            int expected = last.Epoch != mark.ProducerEpoch || last.Sequence == int.MaxValue ? 0 : last.Sequence + 1;
            if (isKnown && mark.FirstSequence != expected && !_isCoordinators)
            {
                throw new BrokenRuleException("13 sequences run on", $"{name}: {mark} follows sequence {last.Sequence} of epoch {last.Epoch}");
            }

            _producers[mark.Producer] = (mark.ProducerEpoch, mark.LastSequence, isKnown ? last.Coordinator : -1);
        }

        _marks.Add(mark);
        _end = mark.Next;
    }

    /// <summary>The end of a transaction: of the epoch in which it was, or of the next one, in which its producer has written nothing.</summary>
    private void TakeMarker(BatchMark mark, string name)
    {
        bool isKnown = _producers.TryGetValue(mark.Producer, out (short Epoch, int Sequence, int Coordinator) last);
        if (isKnown && mark.ProducerEpoch < last.Epoch)
        {
            throw new BrokenRuleException("16 a producer that was replaced is refused", $"{name}: the marker {mark} stands behind epoch {last.Epoch} of its producer");
        }

        if (isKnown && mark.Coordinator < last.Coordinator)
        {
            throw new BrokenRuleException("16 a coordinator that was replaced is refused", $"{name}: the marker {mark} of coordinator epoch {mark.Coordinator} stands behind one of epoch {last.Coordinator}");
        }

        _producers[mark.Producer] = (mark.ProducerEpoch, isKnown && mark.ProducerEpoch == last.Epoch ? last.Sequence : -1, mark.Coordinator);
    }

    /// <summary>A log that was cut and has grown again since ends in other batches than before.</summary>
    private bool StillHoldsTheLast() => _marks.Count == 0 || StoredBatches.First(log, _marks[^1].First) == _marks[^1];
}
