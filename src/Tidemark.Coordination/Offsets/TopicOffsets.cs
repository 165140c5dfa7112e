namespace Tidemark.Coordination.Offsets;

/// <summary>A group's offsets of one topic, in the order of the partitions, each in its newest and in its committed state.</summary>
internal sealed class TopicOffsets(GroupOffsets group, string topic)
{
    private Slot[] _slots = [];
    private int _count;

    public GroupOffsets Group => group;

    public string Topic => topic;

    /// <summary>How many changes are not committed. While there are any, what is empty stays.</summary>
    public int Changes { get; set; }

    /// <summary>True when a partition may be without an offset in either state.</summary>
    public bool MayHaveEmpty { get; private set; }

    /// <summary>The partitions; some may have no offset in the state that is looked at.</summary>
    public ReadOnlySpan<Slot> Slots => _slots.AsSpan(0, _count);

    public CommittedOffset? Newest(int partition) => IndexOf(partition) is >= 0 and int i ? _slots[i].Newest : null;

    public CommittedOffset? Committed(int partition) => IndexOf(partition) is >= 0 and int i ? _slots[i].Committed : null;

    public bool HasNewest()
    {
        foreach (ref readonly Slot slot in Slots)
        {
            if (slot.Newest is not null)
            {
                return true;
            }
        }

        return false;
    }

    public void SetNewest(int partition, CommittedOffset? value)
    {
        At(partition).Newest = value;
        MayHaveEmpty |= value is null;
    }

    public void SetCommitted(int partition, CommittedOffset? value) => At(partition).Committed = value;

    /// <summary>Sets both states at once: for what is read from the log.</summary>
    public void SetBoth(int partition, CommittedOffset? value)
    {
        ref Slot slot = ref At(partition);
        slot.Newest = value;
        slot.Committed = value;
        MayHaveEmpty |= value is null;
    }

    /// <summary>Forgets partitions without an offset in either state; true when none is left.</summary>
    public bool DropEmpty()
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (_slots[i].Newest is not null || _slots[i].Committed is not null)
            {
                _slots[kept++] = _slots[i];
            }
        }

        _slots.AsSpan(kept, _count - kept).Clear();
        _count = kept;
        MayHaveEmpty = false;
        return kept == 0;
    }

    private ref Slot At(int partition)
    {
        int index = IndexOf(partition);
        if (index < 0)
        {
            index = ~index;
            if (_count == _slots.Length)
            {
                Array.Resize(ref _slots, Math.Max(1, _count * 2));
            }

            _slots.AsSpan(index, _count - index).CopyTo(_slots.AsSpan(index + 1));
            _slots[index] = new Slot { Partition = partition };
            _count++;
        }

        return ref _slots[index];
    }

    /// <summary>Where the partition stands, or the complement of where it would have to.</summary>
    private int IndexOf(int partition)
    {
        // Most groups have offsets of all partitions from the first on.
        if ((uint)partition < (uint)_count && _slots[partition].Partition == partition)
        {
            return partition;
        }

        int low = 0;
        int high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            int at = _slots[middle].Partition;
            if (at == partition)
            {
                return middle;
            }

            if (at < partition)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    internal struct Slot
    {
        public int Partition;
        public CommittedOffset? Newest;
        public CommittedOffset? Committed;
    }
}
