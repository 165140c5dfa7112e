using Tidemark.Metadata.Image;

namespace Tidemark.Metadata.Commands;

/// <summary>What a topic may be called.</summary>
public static class TopicNames
{
    /// <summary>Directory names end in a partition's number and the marks of deletion, so a topic's name must leave room for them.</summary>
    public const int LengthMax = 249;

    /// <summary>Null when the name is allowed, otherwise a sentence that says what is.</summary>
    public static string? ProblemOf(string name)
    {
        if (name.Length == 0)
        {
            return "A topic's name must not be empty.";
        }

        if (name is "." or "..")
        {
            return $"A topic must not be called {name}: that is a directory.";
        }

        if (name.Length > LengthMax)
        {
            return $"A topic's name may have {LengthMax} characters, this one has {name.Length}: {name}.";
        }

        return name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-')
            ? null
            : $"Topic name {name} is not allowed: it may contain letters and digits of ASCII, '.', '_' and '-'.";
    }

    /// <summary>Names that differ only in '.' and '_' would share their metrics' names.</summary>
    public static string CollisionKey(string name) => name.Replace('.', '_');

    /// <summary>A topic that the name collides with, but for one of the very same name; null when there is none.</summary>
    public static string? CollisionOf(string name, TopicsImage topics)
    {
        if (!name.Contains('.') && !name.Contains('_'))
        {
            return null;
        }

        string key = CollisionKey(name);
        foreach (string other in topics.ByName.Keys)
        {
            if (other.Length == name.Length && other != name && CollisionKey(other) == key)
            {
                return other;
            }
        }

        return null;
    }
}
