namespace Tidemark.Coordination.Offsets;

/// <summary>A group's offsets by topic.</summary>
internal sealed class GroupOffsets(string group)
{
    private readonly Dictionary<string, TopicOffsets> _topics = new(Utf8Names.Ordinal);

    public string Group => group;

    public Dictionary<string, TopicOffsets>.ValueCollection Topics => _topics.Values;

    public int Count => _topics.Count;

    public TopicOffsets? Find(string topic) => _topics.GetValueOrDefault(topic);

    public TopicOffsets? Find(ReadOnlySpan<byte> topic) =>
        _topics.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(topic, out TopicOffsets? found) ? found : null;

    public void Add(TopicOffsets topic) => _topics.Add(topic.Topic, topic);

    public void Remove(TopicOffsets topic) => _topics.Remove(topic.Topic);
}
