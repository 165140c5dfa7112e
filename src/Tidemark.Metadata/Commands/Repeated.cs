namespace Tidemark.Metadata.Commands;

/// <summary>
/// What a request names more than once, which most of Kafka's requests may not. Found in one pass: a request may name as many things as
/// its frame has room for, and the controller serves one at a time.
/// </summary>
internal static class Repeated
{
    public static HashSet<T> Among<T>(IEnumerable<T> named)
    {
        var seen = new HashSet<T>();
        var repeated = new HashSet<T>();
        foreach (T one in named)
        {
            if (!seen.Add(one))
            {
                repeated.Add(one);
            }
        }

        return repeated;
    }
}
