using Tidemark.Coordination.Consumer.Expressions;

namespace Tidemark.Coordination.Consumer;

/// <summary>
/// Looks up which topics the expressions of a group stand for, a part at a time: with many topics and large expressions it takes longer than the other
/// groups of a shard should wait.
/// </summary>
internal sealed class RegexLookup
{
    private readonly IEnumerator<CoordinatorTopic> _topics;
    private readonly List<(TopicRegex Regex, List<string> Found)> _wanted = [];
    private readonly Dictionary<string, List<string>> _found = new(StringComparer.Ordinal);

    /// <param name="expressions">Those of the group; one that cannot be read any more stands for nothing.</param>
    /// <param name="view">The number of the view that the topics are of.</param>
    public RegexLookup(IEnumerable<(string Text, TopicRegex? Regex)> expressions, ICoordinatorTopics topics, long view)
    {
        View = view;
        _topics = topics.All.GetEnumerator();
        foreach ((string text, TopicRegex? regex) in expressions)
        {
            var found = new List<string>();
            _found.Add(text, found);
            if (regex is not null)
            {
                _wanted.Add((regex, found));
            }
        }
    }

    public long View { get; }

    /// <summary>The names by expression, in order; complete when <see cref="GoOn"/> says so.</summary>
    public IReadOnlyDictionary<string, List<string>> Found => _found;

    /// <summary>Looks at topics until all are looked at, which gives true, or the work allowed is done; what is left of that is in <paramref name="work"/>.</summary>
    public bool GoOn(ref long work)
    {
        while (work > 0)
        {
            if (!_topics.MoveNext())
            {
                return true;
            }

            work--;
            string name = _topics.Current.Name;
            foreach ((TopicRegex regex, List<string> found) in _wanted)
            {
                long before = regex.Work;
                if (regex.Matches(name))
                {
                    found.Add(name);
                }

                work -= regex.Work - before;
            }
        }

        return false;
    }
}
