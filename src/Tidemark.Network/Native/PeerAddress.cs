using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tidemark.Network.Native;

/// <summary>Reads and writes <c>struct sockaddr</c>.</summary>
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

    /// <summary>Writes an address for <c>connect</c>; answers its length.</summary>
    public static uint Write(IPAddress address, int port, Span<byte> into)
    {
        into.Clear();
        bool isV6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        BitConverter.TryWriteBytes(into, isV6 ? InterNetworkV6 : InterNetwork);
        BinaryPrimitives.WriteUInt16BigEndian(into[2..], (ushort)port);
        address.TryWriteBytes(into[(isV6 ? 8 : 4)..], out _);
        if (isV6)
        {
            BitConverter.TryWriteBytes(into[24..], (uint)address.ScopeId);
        }

        return isV6 ? 28u : 16u;
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
