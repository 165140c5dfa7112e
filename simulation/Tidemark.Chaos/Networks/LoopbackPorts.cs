using System.Net;
using System.Net.Sockets;

namespace Tidemark.Chaos.Networks;

/// <summary>
/// Ports of the loopback interface for processes that are still to be started. They lie below those that the system gives to outgoing connections
/// and to listeners of any port, so that nobody is given one between this answer and the start, or while its process is dead. And none is
/// answered twice: who asks next must not get the port of a process that does not listen yet.
/// </summary>
public static class LoopbackPorts
{
    private const int First = 12_000;
    private const int End = 30_000;
    private static readonly Lock s_lock = new();
    private static int s_next = Random.Shared.Next(First, End);

    /// <summary>The first of so many ports in a row that nobody listens on.</summary>
    public static int Take(int count = 1)
    {
        lock (s_lock)
        {
            while (true)
            {
                int first = s_next + count <= End ? s_next : First;
                s_next = first + count;
                if (Enumerable.Range(first, count).All(IsFree))
                {
                    return first;
                }
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
