using System.Text;

namespace Tidemark.Coordination.Offsets;

/// <summary>
/// The offsets of all groups of a shard, in their newest and in their committed state. Made for many: what is read from the log is found
/// by its bytes, names are kept once, and a partition costs one object and a slot in its topic's array.
/// </summary>
internal sealed class OffsetTable : IVersioned
{
    private readonly VersionClock _clock;
    private readonly Dictionary<string, GroupOffsets> _groups = new(Utf8Names.Ordinal);

    /// <summary>Every topic's name, and of how many groups there are offsets of it.</summary>
    private readonly Dictionary<string, (string Name, int Groups)> _topics = new(Utf8Names.Ordinal);

    /// <summary>Changes that are not committed, in their order; the ones before <see cref="_first"/> are done with.</summary>
    private readonly List<Change> _changes = [];
    private int _first;

    /// <summary>What was found by its bytes last: a commit's records follow each other.</summary>
    private TopicOffsets? _last;
    private byte[] _lastNames = [];
    private int _lastLength;

    public OffsetTable(VersionClock clock)
    {
        _clock = clock;
        clock.Add(this);
    }

    /// <summary>The groups with offsets, or with changes that are not committed.</summary>
    public Dictionary<string, GroupOffsets>.ValueCollection Groups => _groups.Values;

    /// <summary>The names of the topics of which there are offsets.</summary>
    public Dictionary<string, (string Name, int Groups)>.KeyCollection Topics => _topics.Keys;

    public GroupOffsets? Find(string group) => _groups.GetValueOrDefault(group);

    public CommittedOffset? Newest(string group, string topic, int partition) => Find(group)?.Find(topic)?.Newest(partition);

    /// <summary>Whether the group has an offset in the newest state.</summary>
    public bool HasAny(string group)
    {
        foreach (TopicOffsets topic in (IEnumerable<TopicOffsets>?)Find(group)?.Topics ?? [])
        {
            if (topic.HasNewest())
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sets the newest value; null removes it.</summary>
    public void Set(string group, string topic, int partition, CommittedOffset? value)
    {
        TopicOffsets? at = Find(group)?.Find(topic);
        if (at is null)
        {
            if (value is null)
            {
                return;
            }

            at = Add(group, topic);
        }

        Set(at, partition, value);
    }

    /// <summary>As <see cref="Set(string, string, int, CommittedOffset?)"/>, by the names' bytes.</summary>
    /// <param name="names">The bytes of both as they stand one after the other in a record's key, each with its length.</param>
    public void Set(ReadOnlySpan<byte> names, ReadOnlySpan<byte> group, ReadOnlySpan<byte> topic, int partition, CommittedOffset? value)
    {
        TopicOffsets? at = _last;
        if (at is null || !names.SequenceEqual(_lastNames.AsSpan(0, _lastLength)))
        {
            at = _groups.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(group, out GroupOffsets? found) ? found.Find(topic) : null;
            if (at is null)
            {
                // Bytes that are no UTF-8 are never found as they stand, but what they are read as may be.
                Set(Encoding.UTF8.GetString(group), Encoding.UTF8.GetString(topic), partition, value);
                return;
            }

            Remember(at, names);
        }

        Set(at, partition, value);
    }

    void IVersioned.Commit(long write)
    {
        while (_first < _changes.Count && _changes[_first].Write <= write)
        {
            Change change = _changes[_first];
            _changes[_first++] = default;
            change.Topic.SetCommitted(change.Partition, change.Value);
            Settle(change);
        }

        if (_first == _changes.Count)
        {
            _changes.Clear();
            _first = 0;
        }
        else if (_first > 1024 && _first > _changes.Count / 2)
        {
            _changes.RemoveRange(0, _first);
            _first = 0;
        }
    }

    void IVersioned.RevertTo(long write)
    {
        int left = _changes.Count;
        while (left > _first && _changes[left - 1].Write > write)
        {
            left--;
        }

        Change[] undone = [.. _changes.Skip(left)];
        _changes.RemoveRange(left, undone.Length);
        foreach (Change change in undone)
        {
            change.Topic.SetNewest(change.Partition, change.Topic.Committed(change.Partition));
        }

        for (int i = _first; i < left; i++)
        {
            _changes[i].Topic.SetNewest(_changes[i].Partition, _changes[i].Value);
        }

        foreach (Change change in undone)
        {
            Settle(change);
        }
    }

    private void Set(TopicOffsets at, int partition, CommittedOffset? value)
    {
        if (_clock.Current != 0)
        {
            at.SetNewest(partition, value);
            at.Changes++;
            _changes.Add(new(_clock.Current, at, partition, value));
            return;
        }

        at.SetBoth(partition, value);
        if (value is null)
        {
            DropIfEmpty(at);
        }
    }

    private void Remember(TopicOffsets at, ReadOnlySpan<byte> names)
    {
        if (_lastNames.Length < names.Length)
        {
            _lastNames = new byte[names.Length * 2];
        }

        names.CopyTo(_lastNames);
        _lastLength = names.Length;
        _last = at;
    }

    private TopicOffsets Add(string group, string topic)
    {
        if (!_groups.TryGetValue(group, out GroupOffsets? of))
        {
            of = new GroupOffsets(group);
            _groups.Add(group, of);
        }

        (string Name, int Groups) known = _topics.TryGetValue(topic, out (string Name, int Groups) before) ? before : (topic, 0);
        _topics[known.Name] = (known.Name, known.Groups + 1);
        var added = new TopicOffsets(of, known.Name);
        of.Add(added);
        return added;
    }

    private void Settle(in Change change)
    {
        if (--change.Topic.Changes == 0 && change.Topic.MayHaveEmpty)
        {
            DropIfEmpty(change.Topic);
        }
    }

    private void DropIfEmpty(TopicOffsets topic)
    {
        if (!topic.DropEmpty())
        {
            return;
        }

        _last = null;
        topic.Group.Remove(topic);
        if (topic.Group.Count == 0)
        {
            _groups.Remove(topic.Group.Group);
        }

        (string name, int groups) = _topics[topic.Topic];
        if (groups == 1)
        {
            _topics.Remove(name);
        }
        else
        {
            _topics[name] = (name, groups - 1);
        }
    }

    private readonly record struct Change(long Write, TopicOffsets Topic, int Partition, CommittedOffset? Value);
}
