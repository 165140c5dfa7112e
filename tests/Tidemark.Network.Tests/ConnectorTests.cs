using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Network.Tests;

public sealed class ConnectorTests
{
    [Fact]
    public void Frames_sent_before_the_connection_is_made_leave_in_order_when_it_is()
    {
        const int count = 20_000;
        using var network = new RunningNetwork();
        var events = new LinkEvents();
        INodeTransport transport = network.Server.Connector.Connect(new NodeAddress("127.0.0.1", network.Port), events);
        for (int i = 0; i < count; i++)
        {
            transport.Send(Numbered(i));
        }

        RunningNetwork.Eventually(() => events.Frames.Count == count, "all frames come back");
        Assert.True(events.IsConnected);
        Assert.Equal(Enumerable.Range(0, count), events.Frames.Select(frame => BinaryPrimitives.ReadInt32BigEndian(frame)));
        transport.Close();
        Assert.Equal(LinkEnd.ClosedHere, events.AwaitEnd());
        RunningNetwork.Eventually(() => network.Server.ConnectionCount == 0, "the other side sees the end");
    }

    [Fact]
    public async Task Node_connects_out_before_it_accepts()
    {
        using var other = new RunningNetwork();
        using var buffers = new Buffers.FrameBufferPool();
        var server = new NetworkServer(
            new NetworkOptions { Listeners = [] }, new EchoBroker(), buffers, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        var events = new LinkEvents();
        server.Connector.Connect(new NodeAddress("127.0.0.1", other.Port), events).Send(Numbered(1));
        RunningNetwork.Eventually(() => events.Frames.Count == 1, "an answer");
        await server.StopAsync(TimeSpan.Zero);
        Assert.Equal(LinkEnd.ClosedHere, events.AwaitEnd());

        var late = new LinkEvents();
        server.Connector.Connect(new NodeAddress("127.0.0.1", other.Port), late);
        Assert.Equal(LinkEnd.ClosedHere, late.AwaitEnd());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public void Port_where_nobody_listens_refuses_at_once(string host)
    {
        using var network = new RunningNetwork();

        // Bound, so that nobody else is given the port, and not listening.
        using var reserved = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        reserved.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)reserved.LocalEndPoint!).Port;
        var events = new LinkEvents();
        long start = Stopwatch.GetTimestamp();
        INodeTransport transport = network.Server.Connector.Connect(new NodeAddress(host, port), events);
        transport.Send(Numbered(1));
        Assert.Equal(LinkEnd.Refused, events.AwaitEnd());
        Assert.False(events.IsConnected);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Name_with_several_addresses_is_reached_at_the_one_that_listens()
    {
        using var network = new RunningNetwork();
        var events = new LinkEvents();
        INodeTransport transport = network.Server.Connector.Connect(new NodeAddress("localhost", network.Port), events);
        transport.Send(Numbered(5));
        RunningNetwork.Eventually(() => events.Frames.Count == 1, "an answer");
        transport.Close();
    }

    [Fact]
    public void Name_that_does_not_exist_is_unreachable()
    {
        using var network = new RunningNetwork();
        var events = new LinkEvents();
        network.Server.Connector.Connect(new NodeAddress("no-such-node.invalid", 9092), events);
        Assert.Equal(LinkEnd.Unreachable, events.AwaitEnd());
    }

    [Fact]
    public void Attempt_that_comes_to_nothing_can_be_given_up()
    {
        using var network = new RunningNetwork();
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;

        // Nobody accepts, so that the queue is full after a few and further attempts are left without an answer.
        var attempts = new List<(INodeTransport Transport, LinkEvents Events)>();
        for (int i = 0; i < 10; i++)
        {
            var events = new LinkEvents();
            attempts.Add((network.Server.Connector.Connect(new NodeAddress("127.0.0.1", port), events), events));
        }

        RunningNetwork.Eventually(() => attempts.Exists(a => a.Events.IsConnected), "the first is connected");
        Assert.Contains(attempts, a => !a.Events.IsConnected);
        foreach ((INodeTransport transport, LinkEvents events) in attempts)
        {
            transport.Close();
            Assert.Equal(LinkEnd.ClosedHere, events.AwaitEnd());
        }
    }

    [Fact]
    public void An_idle_connection_to_another_node_is_probed_within_seconds()
    {
        using var network = new RunningNetwork();
        using var peer = new ListeningPeer();
        var events = new LinkEvents();
        INodeTransport transport = network.Server.Connector.Connect(peer.Address, events);
        using Socket accepted = peer.Accept();
        RunningNetwork.Eventually(() => TimerOfConnectionTo(peer.Address.Port) is { Kind: 2, Left: var left } && left <= TimeSpan.FromSeconds(3.1), "the system is about to probe it");
        transport.Close();
    }

    [Fact]
    public void Peer_that_closes_inside_a_frame_is_seen_to_have_gone_and_the_buffer_is_given_back()
    {
        using var network = new RunningNetwork();
        using var peer = new ListeningPeer();
        var events = new LinkEvents();
        network.Server.Connector.Connect(peer.Address, events);
        using (Socket socket = peer.Accept())
        {
            socket.Send([0, 1, 0, 0, 1, 2, 3]);
            RunningNetwork.Eventually(() => network.Buffers.RentedCount == 1, "the frame has room");
        }

        Assert.Equal(LinkEnd.ClosedByPeer, events.AwaitEnd());
        Assert.Contains("inside", events.Reason, StringComparison.Ordinal);
        RunningNetwork.Eventually(() => network.Buffers.RentedCount == 0, "the room is given back");
    }

    [Theory]
    [InlineData(1000, 1001)]
    [InlineData(0, 4)]
    [InlineData(1000, 0)]
    [InlineData(1000, -1)]
    public void Answer_of_a_size_that_may_not_come_ends_the_connection_before_memory_is_taken(int max, int size)
    {
        using var network = new RunningNetwork();
        using var peer = new ListeningPeer();
        var events = new LinkEvents { NextFrameBytesMax = max };
        network.Server.Connector.Connect(peer.Address, events);
        using Socket socket = peer.Accept();
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        socket.Send(bytes);
        Assert.Equal(LinkEnd.Faulty, events.AwaitEnd());
        Assert.Empty(events.Frames);
        Assert.Equal(0, network.Buffers.RentedCount);
    }

    [Fact]
    public void Peer_that_is_reset_is_seen_to_have_gone()
    {
        using var network = new RunningNetwork();
        using var peer = new ListeningPeer();
        var events = new LinkEvents();
        network.Server.Connector.Connect(peer.Address, events);
        using (Socket socket = peer.Accept())
        {
            // A reset that comes before this side has noticed that it is connected would be an attempt that came to nothing.
            RunningNetwork.Eventually(() => events.IsConnected, "this side is connected");
            socket.LingerState = new LingerOption(true, 0);
        }

        Assert.Equal(LinkEnd.ClosedByPeer, events.AwaitEnd());
    }

    [Fact]
    public void Handler_that_throws_costs_its_connection_only()
    {
        using var network = new RunningNetwork();
        var events = new LinkEvents
        {
            OnFrameDo = frame =>
            {
                frame.Dispose();
                throw new InvalidOperationException("as the test wants it");
            },
        };
        network.Server.Connector.Connect(new NodeAddress("127.0.0.1", network.Port), events).Send(Numbered(1));
        events.AwaitEnd();
        var next = new LinkEvents();
        network.Server.Connector.Connect(new NodeAddress("127.0.0.1", network.Port), next).Send(Numbered(2));
        RunningNetwork.Eventually(() => next.Frames.Count == 1, "another connection works");
    }

    [Fact]
    public void Large_answers_flow_at_the_speed_of_memory()
    {
        const int size = 1 << 20;
        const int count = 400;
        byte[] answer = new byte[size];
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                handler.Transport.Send(EchoBroker.Answer(answer));
            },
        };
        using var network = new RunningNetwork(broker);
        int received = 0;
        INodeTransport? transport = null;
        var events = new LinkEvents
        {
            OnFrameDo = frame =>
            {
                Assert.Equal(size, frame.Length);
                frame.Dispose();
                if (Interlocked.Increment(ref received) < count)
                {
                    transport!.Send(Numbered(received));
                }
            },
        };
        long start = Stopwatch.GetTimestamp();
        transport = network.Server.Connector.Connect(new NodeAddress("127.0.0.1", network.Port), events);
        transport.Send(Numbered(0));
        RunningNetwork.Eventually(() => Volatile.Read(ref received) == count, "all answers");
        double megabytesPerSecond = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        Assert.True(megabytesPerSecond > 50, $"{megabytesPerSecond:0} MB/s");
    }

    private static OutboundFrame Numbered(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return EchoBroker.Answer(bytes);
    }

    /// <summary>What the system waits for on an established connection, as it tells in /proc/net/tcp (2: the time to probe it), and how long.</summary>
    private static (int Kind, TimeSpan Left)? TimerOfConnectionTo(int port)
    {
        foreach (string line in File.ReadLines("/proc/net/tcp").Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[2].EndsWith($":{port:X4}", StringComparison.Ordinal) && fields[3] == "01")
            {
                string[] timer = fields[5].Split(':');
                return (Convert.ToInt32(timer[0], 16), TimeSpan.FromMilliseconds(10 * Convert.ToInt64(timer[1], 16)));
            }
        }

        return null;
    }

    private sealed class ListeningPeer : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public ListeningPeer()
        {
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _socket.Listen(10);
        }

        public NodeAddress Address => new("127.0.0.1", ((IPEndPoint)_socket.LocalEndPoint!).Port);

        public Socket Accept() => _socket.Accept();

        public void Dispose() => _socket.Dispose();
    }
}
