using System.Net;

namespace Tidemark.Network.Listeners;

/// <summary>Counts open connections, altogether and by address, against the limits in force.</summary>
internal sealed class ConnectionQuota(ConnectionLimits limits)
{
    private readonly Dictionary<IPAddress, int> _byAddress = [];
    private readonly Lock _lock = new();
    private ConnectionLimits _limits = limits;
    private int _count;
    private Action? _whenRoom;

    public int Count => Volatile.Read(ref _count);

    public void Update(ConnectionLimits limits)
    {
        Action? whenRoom = null;
        lock (_lock)
        {
            _limits = limits;
            if (_count < limits.ConnectionsMax)
            {
                (whenRoom, _whenRoom) = (_whenRoom, null);
            }
        }

        whenRoom?.Invoke();
    }

    /// <summary>True when one more connection may be taken; otherwise the action is called once when one may.</summary>
    public bool HasRoom(Action whenRoom)
    {
        lock (_lock)
        {
            if (_count < _limits.ConnectionsMax)
            {
                return true;
            }

            _whenRoom = whenRoom;
            return false;
        }
    }

    /// <summary>Counts a connection in; false when its address has as many as it may.</summary>
    public bool TryEnter(IPAddress address)
    {
        lock (_lock)
        {
            int open = _byAddress.GetValueOrDefault(address);
            if (open >= _limits.PerAddressOverrides.GetValueOrDefault(address, _limits.ConnectionsPerAddressMax))
            {
                return false;
            }

            _byAddress[address] = open + 1;
            _count++;
            return true;
        }
    }

    public void Leave(IPAddress address)
    {
        Action? whenRoom = null;
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

            _count--;
            if (_count < _limits.ConnectionsMax)
            {
                (whenRoom, _whenRoom) = (_whenRoom, null);
            }
        }

        whenRoom?.Invoke();
    }
}
