using System.Net;
using System.Net.Sockets;

namespace Tidemark.Server.Lifecycle;

/// <summary>Names of hosts, as the operating system resolves them.</summary>
internal static class HostNames
{
    public static async Task<bool> HasAddress(string name)
    {
        try
        {
            return (await Dns.GetHostAddressesAsync(name).ConfigureAwait(false)).Length > 0;
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // There is no such host, or the name is none that a host could have.
            return false;
        }
    }
}
