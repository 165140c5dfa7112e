using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tidemark.Network.Tests;

/// <summary>A client that blocks, with a limit on every wait.</summary>
internal sealed class Peer : IDisposable
{
    public Peer(int port, int receiveBufferBytes = 0)
    {
        Socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = 10_000,
            SendTimeout = 10_000,
        };
        if (receiveBufferBytes > 0)
        {
            Socket.ReceiveBufferSize = receiveBufferBytes;
        }

        Socket.Connect(IPAddress.Loopback, port);
    }

    public Socket Socket { get; }

    public static byte[] Frame(ReadOnlySpan<byte> bytes)
    {
        byte[] frame = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, bytes.Length);
        bytes.CopyTo(frame.AsSpan(4));
        return frame;
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    public void SendSize(int size)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        Send(bytes);
    }

    public byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count;)
        {
            int read = Socket.Receive(bytes.AsSpan(done));
            done += read > 0 ? read : throw new EndOfStreamException();
        }

        return bytes;
    }

    public byte[] ReceiveFrame() => Receive(BinaryPrimitives.ReadInt32BigEndian(Receive(4)));

    /// <summary>True when the broker ends the connection without another byte.</summary>
    public bool IsEnded()
    {
        try
        {
            return Socket.Receive(new byte[1]) == 0;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted)
        {
            return true;
        }
    }

    public void Dispose() => Socket.Dispose();
}
