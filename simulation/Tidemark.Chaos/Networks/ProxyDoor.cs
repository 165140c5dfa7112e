using System.Net;
using System.Net.Sockets;

namespace Tidemark.Chaos.Networks;

/// <summary>A listener that passes every connection on to one port of a node, byte for byte, as far as the network lets it.</summary>
internal sealed class ProxyDoor : IDisposable
{
    private const int PieceBytes = 64 << 10;
    private readonly int _node;
    private readonly ProxyNetwork _network;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ProxyDoor(int node, ProxyNetwork network)
    {
        (_node, _network) = (node, network);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _ = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Where the node itself listens.</summary>
    public int BackPort { get; } = LoopbackPorts.Take();

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket front)
    {
        using (front)
        using (var back = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true })
        {
            try
            {
                front.NoDelay = true;
                int client = _network.NodeOf((IPEndPoint)front.RemoteEndPoint!);
                await _network.PassAsync(client, _node);
                await back.ConnectAsync(IPAddress.Loopback, BackPort);
                await Task.WhenAny(PumpAsync(front, back, client, _node), PumpAsync(back, front, _node, client));
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // Either end is gone, and so is the connection: reset, not closed in order, as that of a process that died.
                front.LingerState = new LingerOption(enable: true, 0);
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, int sender, int receiver)
    {
        byte[] piece = new byte[PieceBytes];
        try
        {
            while (await from.ReceiveAsync(piece, SocketFlags.None) is var count and > 0)
            {
                await _network.PassAsync(sender, receiver);
                for (int sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(piece.AsMemory(sent, count - sent), SocketFlags.None);
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The other direction ends with this one.
        }
    }
}
