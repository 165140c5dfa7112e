namespace Tidemark.Network.Listeners;

/// <summary>Says when the next connection may be taken so that no more come in a second, on average, than the rate allows. Guarded by its owner's lock.</summary>
internal sealed class CreationRate(TimeProvider time)
{
    /// <summary>How much of the past an unused allowance is kept from.</summary>
    private const double BurstSeconds = 10;

    /// <summary>With a rate of nothing nobody is let in; whoever waits asks again after this time, for the rate may have changed.</summary>
    private static readonly TimeSpan s_closedWait = TimeSpan.FromSeconds(1);

    private int _rate = int.MaxValue;
    private double _allowance;
    private long _at = time.GetTimestamp();

    public void Set(int rate)
    {
        if (rate != _rate)
        {
            (_rate, _allowance, _at) = (rate, rate * BurstSeconds, time.GetTimestamp());
        }
    }

    /// <summary>How long until one more may come; zero when it may now.</summary>
    public TimeSpan Wait()
    {
        if (_rate == int.MaxValue)
        {
            return TimeSpan.Zero;
        }

        if (_rate == 0)
        {
            return s_closedWait;
        }

        long now = time.GetTimestamp();
        _allowance = Math.Min(_rate * BurstSeconds, _allowance + (time.GetElapsedTime(_at, now).TotalSeconds * _rate));
        _at = now;
        return _allowance >= 1 ? TimeSpan.Zero : TimeSpan.FromSeconds((1 - _allowance) / _rate);
    }

    /// <summary>One has come.</summary>
    public void Take() => _allowance = Math.Max(0, _allowance - 1);
}
