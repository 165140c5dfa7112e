namespace Tidemark.Raft;

/// <summary>Spreads elections in time. A splitmix64 generator: small, and the same numbers for the same seed everywhere.</summary>
internal sealed class JitterSource(ulong seed)
{
    private ulong _state = seed;

    /// <summary>Something from zero up to, and not including, the span.</summary>
    public TimeSpan UpTo(TimeSpan span) => span <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromTicks((long)(Next() % (ulong)span.Ticks));

    /// <summary>Something from zero up to, and not including, the count.</summary>
    public int UpTo(int count) => (int)(Next() % (ulong)count);

    private ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
