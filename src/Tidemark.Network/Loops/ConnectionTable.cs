using Tidemark.Network.Connections;

namespace Tidemark.Network.Loops;

/// <summary>
/// Connections of a loop by the key that epoll reports. A key holds the slot and how often the slot was used, so that an event
/// reported for a connection that has just ended does not reach the one that follows it.
/// </summary>
internal sealed class ConnectionTable
{
    /// <summary>Set in the keys of listening sockets; their lower half is the index.</summary>
    private const ulong AcceptorBit = 1UL << 62;

    private readonly Stack<int> _free = new();
    private SocketConnection?[] _slots = new SocketConnection?[16];
    private uint[] _uses = new uint[16];
    private int _used;

    public int Count { get; private set; }

    public static ulong AcceptorKey(int index) => AcceptorBit | (uint)index;

    public static int? AcceptorIndex(ulong key) => (key & AcceptorBit) != 0 ? (int)(uint)key : null;

    public ulong Reserve()
    {
        if (!_free.TryPop(out int slot))
        {
            slot = _used++;
            if (slot == _slots.Length)
            {
                Array.Resize(ref _slots, slot * 2);
                Array.Resize(ref _uses, slot * 2);
            }
        }

        // 30 bits of uses leave the two bits above them to the other kinds of keys.
        _uses[slot] = (_uses[slot] + 1) & 0x3FFF_FFFF;
        Count++;
        return ((ulong)_uses[slot] << 32) | (uint)slot;
    }

    public void Set(ulong key, SocketConnection connection) => _slots[(uint)key] = connection;

    public SocketConnection? Find(ulong key)
    {
        uint slot = (uint)key;
        return slot < _slots.Length && _uses[slot] == key >> 32 ? _slots[slot] : null;
    }

    public void Free(ulong key)
    {
        _slots[(uint)key] = null;
        _free.Push((int)(uint)key);
        Count--;
    }

    /// <summary>The connections there are. Ending one while going through them is allowed.</summary>
    public IEnumerable<SocketConnection> All()
    {
        for (int slot = 0; slot < _used; slot++)
        {
            if (_slots[slot] is { } connection)
            {
                yield return connection;
            }
        }
    }
}
