using System.Net;

namespace Tidemark.Network.Native;

/// <summary>What every connection's socket is set to, whichever side made it.</summary>
internal static class SocketSettings
{
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
