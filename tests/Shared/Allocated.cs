namespace Tidemark.Tests.Shared;

/// <summary>Measures the managed memory that code takes on this thread.</summary>
public static class Allocated
{
    private const int Tries = 3;

    /// <summary>
    /// Bytes that the action takes, measured again while they are more than allowed: what the runtime sets up once for a
    /// thread or a method (compiling, types, the first exception) is counted where it falls, and is not the action's.
    /// </summary>
    public static long By(Action action, long allowed)
    {
        long least = long.MaxValue;
        for (int i = 0; i < Tries && least > allowed; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
