namespace Tidemark.Coordination.Consumer;

/// <summary>Names in ordinal order, each once: what members subscribe to may be thousands, asked for one by one.</summary>
internal static class SortedNames
{
    public static bool Have(IReadOnlyList<string> names, string name)
    {
        int low = 0;
        int high = names.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = string.CompareOrdinal(names[middle], name);
            if (order == 0)
            {
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }
}
