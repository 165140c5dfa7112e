using System.Net;

namespace Tidemark.Network.Listeners;

/// <summary>Counts open connections, altogether, by listener and by address, and the pace of new ones, against the limits in force.</summary>
internal sealed class ConnectionQuota
{
    private static readonly ListenerLimits s_noLimits = new();

    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private readonly Dictionary<string, ListenerUse> _byListener = new(StringComparer.Ordinal);
    private readonly HashSet<Action> _whenRoom = [];
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly CreationRate _rate;
    private readonly Action<int>? _changed;
    private ConnectionLimits _limits;
    private int _count;

    public ConnectionQuota(ConnectionLimits limits, TimeProvider time, Action<int>? changed = null)
    {
        _changed = changed;
        _time = time;
        _rate = new CreationRate(time);
        _limits = limits;
        _rate.Set(limits.CreationRateMax);
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>Why there are as many connections as there may be.</summary>
    public string ReasonWhenFull => _limits.ConnectionsMaxReason;

    public void Update(ConnectionLimits limits)
    {
        lock (_lock)
        {
            _limits = limits;
            _rate.Set(limits.CreationRateMax);
            foreach ((string listener, ListenerUse use) in _byListener)
            {
                use.Rate.Set(LimitsOf(listener).CreationRateMax);
            }
        }

        // Whoever waits looks itself whether it is let in now.
        TellAll();
    }

    /// <summary>
    /// How long a listener has to wait before it takes its next connection: zero when it need not, null when nobody knows; then, or
    /// when the limits change before, the action is called once.
    /// </summary>
    public TimeSpan? Wait(string listener, Action whenRoom)
    {
        lock (_lock)
        {
            ListenerUse use = UseOf(listener);
            if (_count >= MaxOn(listener) || use.Count >= LimitsOf(listener).ConnectionsMax)
            {
                _whenRoom.Add(whenRoom);
                return null;
            }

            TimeSpan ofAll = _rate.Wait();
            TimeSpan own = use.Rate.Wait();
            TimeSpan wait = own > ofAll ? own : ofAll;
            if (wait > TimeSpan.Zero)
            {
                _whenRoom.Add(whenRoom);
            }

            return wait;
        }
    }

    /// <summary>Counts a connection in; false when its address has as many as it may.</summary>
    public bool TryEnter(string listener, IPAddress address)
    {
        lock (_lock)
        {
            int open = _byAddress.GetValueOrDefault(address);
            if (open >= _limits.PerAddressOverrides.GetValueOrDefault(address, _limits.ConnectionsPerAddressMax))
            {
                return false;
            }

            ListenerUse use = UseOf(listener);
            _rate.Take();
            use.Rate.Take();
            use.Count++;
            _byAddress[address] = open + 1;
            _count++;
        }

        _changed?.Invoke(Count);
        return true;
    }

    public void Leave(string listener, IPAddress address)
    {
        lock (_lock)
        {
            int open = _byAddress[address] - 1;
            if (open == 0)
            {
                _byAddress.Remove(address);
            }
            else
            {
                _byAddress[address] = open;
            }

            UseOf(listener).Count--;
            _count--;
        }

        _changed?.Invoke(Count);
        TellAll();
    }

    private void TellAll()
    {
        Action[] waiting;
        lock (_lock)
        {
            if (_whenRoom.Count == 0)
            {
                return;
            }

            waiting = [.. _whenRoom];
            _whenRoom.Clear();
        }

        foreach (Action each in waiting)
        {
            each();
        }
    }

    private long MaxOn(string listener) => (long)_limits.ConnectionsMax + (_limits.NodeListeners.Contains(listener) ? _limits.NodeConnectionsMore : 0);

    private ListenerLimits LimitsOf(string listener) => _limits.OfListeners.GetValueOrDefault(listener, s_noLimits);

    private ListenerUse UseOf(string listener)
    {
        if (!_byListener.TryGetValue(listener, out ListenerUse? use))
        {
            use = new ListenerUse(new CreationRate(_time));
            use.Rate.Set(LimitsOf(listener).CreationRateMax);
            _byListener.Add(listener, use);
        }

        return use;
    }

    private sealed class ListenerUse(CreationRate rate)
    {
        public CreationRate Rate => rate;

        public int Count { get; set; }
    }
}
