namespace Tidemark.Network;

/// <summary>Bounds how often peers can make the broker log: a burst, then so many a period, with a count of what was left out.</summary>
internal sealed class LogRate(TimeProvider time, int lineCountMax, TimeSpan period)
{
    private readonly Lock _lock = new();
    private long _periodStart = time.GetTimestamp();
    private int _lineCount;
    private long _suppressedCount;

    /// <summary>True when a line may be written; the text then says how many were not.</summary>
    public bool TryTake(out string suppressed)
    {
        lock (_lock)
        {
            suppressed = "";
            if (time.GetElapsedTime(_periodStart) >= period)
            {
                (_periodStart, _lineCount) = (time.GetTimestamp(), 0);
            }

            if (_lineCount >= lineCountMax)
            {
                _suppressedCount++;
                return false;
            }

            _lineCount++;
            if (_suppressedCount > 0)
            {
                suppressed = $" ({_suppressedCount} more like this were not logged)";
                _suppressedCount = 0;
            }

            return true;
        }
    }
}
