namespace Tidemark.Broker.Partitions;

/// <summary>Which names topics may have: 1 to 249 letters, digits, dots, underscores and hyphens, but not "." and "..".</summary>
public static class TopicNames
{
    public const int LengthMax = 249;

    public static bool IsValid(string? name)
    {
        if (name is null or "" or "." or ".." || name.Length > LengthMax)
        {
            return false;
        }

        foreach (char c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
