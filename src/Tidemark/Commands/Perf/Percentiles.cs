namespace Tidemark.Commands.Perf;

/// <summary>
/// Durations counted in buckets that grow with the duration, so that memory is constant and every percentile is right within two per
/// cent. May be added to by many threads.
/// </summary>
internal sealed class Percentiles
{
    private const int StepsPerDoubling = 64;
    private readonly long[] _buckets = new long[StepsPerDoubling * 48];
    private long _count;
    private long _sum;
    private long _max;

    public long Count => Interlocked.Read(ref _count);

    public double MaxMs => Interlocked.Read(ref _max) / 1000.0;

    public double MeanMs => Count == 0 ? 0 : Interlocked.Read(ref _sum) / 1000.0 / Count;

    public void Add(TimeSpan duration)
    {
        long microseconds = Math.Max(1, (long)duration.TotalMicroseconds);
        int bucket = Math.Min((int)(Math.Log2(microseconds) * StepsPerDoubling), _buckets.Length - 1);
        Interlocked.Increment(ref _buckets[bucket]);
        Interlocked.Increment(ref _count);
        Interlocked.Add(ref _sum, microseconds);
        for (long seen = Interlocked.Read(ref _max); microseconds > seen; seen = Interlocked.Read(ref _max))
        {
            Interlocked.CompareExchange(ref _max, microseconds, seen);
        }
    }

    /// <summary>The duration, in milliseconds, that this part of all (0 to 1) did not exceed.</summary>
    public double At(double part)
    {
        long wanted = (long)Math.Ceiling(part * Count);
        long seen = 0;
        for (int i = 0; i < _buckets.Length; i++)
        {
            seen += Interlocked.Read(ref _buckets[i]);
            if (seen >= wanted && seen > 0)
            {
                return Math.Min(Math.Pow(2, (i + 0.5) / StepsPerDoubling) / 1000.0, MaxMs);
            }
        }

        return 0;
    }
}
