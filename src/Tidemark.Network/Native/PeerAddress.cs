using System.Buffers.Binary;
using System.Net;

namespace Tidemark.Network.Native;

/// <summary>Reads the <c>struct sockaddr</c> that <c>accept4</c> fills.</summary>
internal static class PeerAddress
{
    /// <summary>Room for an IPv4 or IPv6 address.</summary>
    public const int Size = 28;

    private const ushort InterNetwork = 2;
    private const ushort InterNetworkV6 = 10;

    /// <summary>The peer's address; an IPv4 address that came in over an IPv6 socket is given as IPv4.</summary>
    public static IPEndPoint Parse(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[2..]);
        return BitConverter.ToUInt16(address) switch
        {
            InterNetwork => new IPEndPoint(new IPAddress(address.Slice(4, 4)), port),
            InterNetworkV6 => new IPEndPoint(Unmapped(new IPAddress(address.Slice(8, 16), BitConverter.ToUInt32(address[24..]))), port),
            _ => new IPEndPoint(IPAddress.None, 0),
        };
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
