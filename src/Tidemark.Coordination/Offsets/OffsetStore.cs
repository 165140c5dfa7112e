using Tidemark.Coordination.Groups;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Coordination.Offsets;

/// <summary>
/// The offsets that groups commit. One record a partition; what a request brings is written whole or not at all. Offsets of a
/// transaction are pending until its marker is written.
/// </summary>
public sealed partial class OffsetStore : GroupPart
{
    private readonly OffsetTable _table;
    private readonly PendingOffsets _pending;

    /// <summary>The topics as they were seen last, to notice which are gone.</summary>
    private ICoordinatorTopics _topics;

    /// <summary>Commits so far, in the order of the log.</summary>
    private long _sequence;
    private bool _isLoaded;

    public OffsetStore(GroupShard shard)
        : base(shard)
    {
        _table = new OffsetTable(shard.Versions);
        _pending = new PendingOffsets(shard.Versions);
        _topics = shard.View.Topics;
    }

    /// <summary>Whether the group has offsets, committed or brought by an open transaction.</summary>
    public bool HasAny(string group) => _table.HasAny(group) || _pending.HasAny(group);

    public override bool TryReplay(in CoordinatorRecord record, TransactionalWriter? writer)
    {
        switch (record.Key)
        {
            case OffsetCommitKey key:
                Put(
                    new OffsetKey(key.Group, key.Topic, key.Partition),
                    record.Value is OffsetCommitValue value ? CommittedOffset.Of(value, ++_sequence) : null,
                    writer);
                return true;
            case LegacyOffsetCommitKey key:
                Put(
                    new OffsetKey(key.Group, key.Topic, key.Partition),
                    record.Value is LegacyOffsetCommitValue old ? CommittedOffset.Of(old, ++_sequence) : null,
                    writer);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Takes a record as it stands in the log into the state, while the partition is read. False when it is none of an offset, or unusual.</summary>
    internal bool TryReplayRaw(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool removes, TransactionalWriter? writer)
    {
        CommittedOffset? read = null;
        if (!OffsetRecordReader.IsOffsetKey(key)
            || !OffsetRecordReader.TryReadKey(key, out ReadOnlySpan<byte> group, out ReadOnlySpan<byte> topic, out int partition)
            || writer is not null
            || (removes && _pending.IsAny)
            || !(removes || OffsetRecordReader.TryReadValue(value, ++_sequence, out read)))
        {
            return false;
        }

        _table.Set(key[2..^4], group, topic, partition, read);
        return true;
    }

    public override void ReplayMarker(TransactionalWriter writer, bool commit)
    {
        foreach ((OffsetKey key, CommittedOffset value) in _pending.End(writer.Id))
        {
            // What was committed beside the transaction and stands later in the log counts.
            if ((commit || Plants.IsOn(Plant.AbortedOffsetsCounted)) && !(_table.Newest(key.Group, key.Topic, key.Partition) is { } known && known.Sequence > value.Sequence))
            {
                _table.Set(key.Group, key.Topic, key.Partition, value);
            }
        }
    }

    public override void OnLoaded(ShardTime now)
    {
        _isLoaded = true;
        _topics = Shard.View.Topics;
        foreach (string group in (string[])[.. _table.Groups.Select(g => g.Group), .. _pending.All.Select(k => k.Group)])
        {
            KeepGroupOf(group);
        }

        _nextCheck = now.Monotonic + TimeSpan.FromMilliseconds(Shard.View.Groups.OffsetsRetentionCheckMs);
    }

    private void Put(OffsetKey key, CommittedOffset? value, TransactionalWriter? writer)
    {
        if (value is null)
        {
            _table.Set(key.Group, key.Topic, key.Partition, null);
            _pending.Remove(key);
            return;
        }

        if (_isLoaded)
        {
            KeepGroupOf(key.Group);
        }

        if (writer is { } producer && !Plants.IsOn(Plant.PendingOffsetsVisible))
        {
            _pending.Add(producer.Id, key, value);
        }
        else
        {
            _table.Set(key.Group, key.Topic, key.Partition, value);
        }
    }

    /// <summary>Offsets that are committed in a name that nobody joined make a group of it.</summary>
    private void KeepGroupOf(string group)
    {
        if (Shard.Find(group) is null)
        {
            Shard.AnyTakes(part => part.TryKeepForOffsets(group));
        }
    }
}
