using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Tidemark.System.Tests.BadInput;

/// <summary>A connection on which a test puts any bytes it likes.</summary>
public sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(10);
    private readonly Socket _socket;
    private int _cutAt;

    private RawConnection(Socket socket) => _socket = socket;

    public static async Task<RawConnection> OpenAsync(int port)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        return new RawConnection(socket);
    }

    /// <summary>A request's header: version 2, with tagged fields, for versions of the API that are flexible.</summary>
    public static byte[] Header(short key, short version, bool flexible)
    {
        byte[] header = new byte[flexible ? 11 : 10];
        BinaryPrimitives.WriteInt16BigEndian(header, key);
        BinaryPrimitives.WriteInt16BigEndian(header.AsSpan(2), version);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), 7);
        BinaryPrimitives.WriteInt16BigEndian(header.AsSpan(8), -1);
        return header;
    }

    /// <summary>Bytes behind their size.</summary>
    public static byte[] Frame(params byte[][] parts)
    {
        byte[] frame = new byte[4 + parts.Sum(part => part.Length)];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        int position = 4;
        foreach (byte[] part in parts)
        {
            part.CopyTo(frame, position);
            position += part.Length;
        }

        return frame;
    }

    /// <summary>A size, as it stands before a frame.</summary>
    public static byte[] Size(int size)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        return bytes;
    }

    /// <summary>Sends bytes; a peer that has closed the connection already is no error here.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _socket.SendAsync(bytes);
        }
        catch (SocketException)
        {
            // What became of the connection is seen when its answer is asked for.
        }
    }

    /// <summary>
    /// Sends the same bytes again and again until neither the peer nor the buffers between take any more. Called again with them, it
    /// goes on where they were cut, so that the peer sees whole requests. Answers how many bytes were taken.
    /// </summary>
    public long SendUntilFull(ReadOnlySpan<byte> bytes, long most)
    {
        _socket.Blocking = false;
        long sent = 0;
        while (sent < most)
        {
            int taken = _socket.Send(bytes[_cutAt..], SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
            {
                break;
            }

            sent += taken;
            _cutAt = (_cutAt + taken) % bytes.Length;
        }

        return sent;
    }

    /// <summary>The next frame without its size, or null when the peer closed the connection instead; fails when neither happens.</summary>
    public async Task<byte[]?> AnswerAsync()
    {
        using CancellationTokenSource deadline = new(AnswerTimeMax);
        try
        {
            byte[]? size = await ReadAsync(4, deadline.Token);
            return size == null ? null : await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(size), deadline.Token);
        }
        catch (SocketException)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail("neither answered nor closed");
            return null;
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]?> ReadAsync(int count, CancellationToken deadline)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int more = await _socket.ReceiveAsync(bytes.AsMemory(read), deadline);
            if (more == 0)
            {
                return null;
            }

            read += more;
        }

        return bytes;
    }
}
