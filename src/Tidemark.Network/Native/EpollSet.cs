using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemark.Network.Native;

/// <summary>
/// An epoll instance with an eventfd in it to wake the waiting thread. <c>struct epoll_event</c> is packed to 12 bytes on x86-64 and
/// has its natural 16 elsewhere, so events are taken apart by hand.
/// </summary>
internal sealed unsafe class EpollSet : IDisposable
{
    /// <summary>The key under which a wake-up is reported.</summary>
    public const ulong WakeKey = ulong.MaxValue;

    /// <summary>Events taken in one call: enough to amortise it, few enough that the last one does not wait long for its turn.</summary>
    private const int EventsMax = 64;

    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int EventSize = IsPacked ? 12 : 16;
    private static readonly int KeyOffset = IsPacked ? 4 : 8;

    private readonly byte* _events = (byte*)NativeMemory.AlignedAlloc((nuint)(EventsMax * 16), 16);
    private readonly int _epoll;
    private readonly int _wake;

    public EpollSet()
    {
        _epoll = Check(Libc.EpollCreate(Libc.EPOLL_CLOEXEC), "epoll_create1");
        _wake = Check(Libc.EventDescriptor(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC), "eventfd");
        Add(_wake, Libc.EPOLLIN, WakeKey);
    }

    public void Add(int descriptor, uint interest, ulong key) => Check(Control(Libc.EPOLL_CTL_ADD, descriptor, interest, key), "epoll_ctl");

    public void Change(int descriptor, uint interest, ulong key) => Check(Control(Libc.EPOLL_CTL_MOD, descriptor, interest, key), "epoll_ctl");

    public void Remove(int descriptor) => Control(Libc.EPOLL_CTL_DEL, descriptor, 0, 0);

    /// <summary>Waits for events; answers how many there are, 0 when the time is over.</summary>
    public int Wait(int timeoutMs)
    {
        int count = Libc.EpollWait(_epoll, _events, EventsMax, timeoutMs);
        return count >= 0 || Marshal.GetLastPInvokeError() == Libc.EINTR ? Math.Max(0, count) : Check(count, "epoll_wait");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (uint Ready, ulong Key) Event(int index)
    {
        byte* at = _events + (index * EventSize);
        return (*(uint*)at, Unsafe.ReadUnaligned<ulong>(at + KeyOffset));
    }

    /// <summary>Makes the waiting thread return, now or at its next wait. May be called on any thread.</summary>
    public void Wake()
    {
        ulong one = 1;
        Libc.Write(_wake, &one, sizeof(ulong));
    }

    /// <summary>Takes notice of the wake-ups so far.</summary>
    public void ClearWake()
    {
        ulong count;
        Libc.Read(_wake, &count, sizeof(ulong));
    }

    public void Dispose()
    {
        Libc.Close(_wake);
        Libc.Close(_epoll);
        NativeMemory.AlignedFree(_events);
    }

    private static int Check(int result, string call) =>
        result >= 0 ? result : throw new IOException($"{call}: {Libc.LastErrorText()}");

    private int Control(int operation, int descriptor, uint interest, ulong key)
    {
        byte* bytes = stackalloc byte[16];
        *(uint*)bytes = interest;
        Unsafe.WriteUnaligned(bytes + KeyOffset, key);
        return Libc.EpollControl(_epoll, operation, descriptor, bytes);
    }
}
