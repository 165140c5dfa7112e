using System.Net;

namespace Tidemark.Network.Native;

/// <summary>What every connection's socket is set to, whichever side made it.</summary>
internal static class SocketSettings
{
    /// <summary>How long a machine may leave what it is sent without an acknowledgement.</summary>
    private const int SilenceMaxMs = 5000;

    private const int ProbedAfterSeconds = 3;

    /// <summary>
    /// For a connection to another node: its end is learned within seconds also where no packet tells of it. After a cut the system waits longer and
    /// longer before it sends again, so that a follower would go on waiting for an answer long after the network is whole; and an answer that was
    /// given up by the other side never comes. What is asked is the other machine's system: a slow process, or one that stands still, is left its time.
    /// </summary>
    public static void ExpectAnswers(int descriptor)
    {
        Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_USER_TIMEOUT, SilenceMaxMs);
        Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_KEEPIDLE, ProbedAfterSeconds);
        Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_KEEPINTVL, 1);
    }

    public static void Apply(int descriptor, IPAddress peer)
    {
        Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        Libc.SetOption(descriptor, Libc.SOL_SOCKET, Libc.SO_KEEPALIVE, 1);
        if (IPAddress.IsLoopback(peer))
        {
            // Within a machine nothing is ever congested, and where the system's choice is BBR, its pacing would cost a timer for every few
            // packets: half the speed at twice the processor time. This one is always there and paces nothing.
            Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_CONGESTION, "reno"u8);
        }
    }
}
