using System.Collections.Frozen;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;

namespace Tidemark.Network.Tests;

public class LimitTests
{
    private static readonly TimeSpan s_idleMax = TimeSpan.FromMilliseconds(400);

    [Fact]
    public void Connections_beyond_the_maximum_wait_until_one_ends()
    {
        using var network = new RunningNetwork(configure: options => options with { Limits = new ConnectionLimits { ConnectionsMax = 2 } });
        Peer first = network.Connect();
        using Peer second = network.Connect();
        Talk(first);
        Talk(second);
        using Peer third = network.Connect();
        third.Send(Peer.Frame("x"u8));
        Talk(second);
        Assert.Equal(2, network.Server.ConnectionCount);
        first.Dispose();
        Assert.Equal("x"u8.ToArray(), third.ReceiveFrame());
    }

    /// <summary>Clients that take all connections that there may be do not keep the rest of the cluster out.</summary>
    [Fact]
    public void Other_nodes_have_connections_that_clients_cannot_take()
    {
        using var network = new RunningNetwork(configure: options => options with
        {
            Listeners = [.. options.Listeners, new ListenerOptions { Name = "NODES", Host = "127.0.0.1", Port = 0 }],
            Limits = new ConnectionLimits { ConnectionsMax = 1, NodeConnectionsMore = 1, NodeListeners = FrozenSet.Create("NODES") },
        });
        int nodes = network.Server.Listeners.First(listener => listener.Name == "NODES").Port;
        Peer client = network.Connect();
        Talk(client);
        using Peer waitingClient = network.Connect();
        waitingClient.Send(Peer.Frame("c"u8));
        var node = new Peer(nodes);
        Talk(node);
        using var waitingNode = new Peer(nodes);
        waitingNode.Send(Peer.Frame("n"u8));
        Talk(node);
        Talk(client);
        Assert.Equal(2, network.Server.ConnectionCount);

        // That of a node counts as well: a client comes in when no other is open.
        node.Dispose();
        Assert.Equal("n"u8.ToArray(), waitingNode.ReceiveFrame());
        client.Dispose();
        RunningNetwork.Eventually(() => network.Server.ConnectionCount == 1, "the client is gone");
        waitingNode.Dispose();
        Assert.Equal("c"u8.ToArray(), waitingClient.ReceiveFrame());
    }

    [Fact]
    public void A_higher_maximum_lets_the_waiting_in()
    {
        using var network = new RunningNetwork(configure: options => options with { Limits = new ConnectionLimits { ConnectionsMax = 1 } });
        using Peer first = network.Connect();
        Talk(first);
        using Peer second = network.Connect();
        second.Send(Peer.Frame("x"u8));
        network.Server.UpdateLimits(new ConnectionLimits { ConnectionsMax = 2 });
        Assert.Equal("x"u8.ToArray(), second.ReceiveFrame());
    }

    [Fact]
    public void A_listeners_own_maximum_holds_beside_that_of_all()
    {
        using var network = new RunningNetwork(configure: options => options with { Limits = OfListener(new ListenerLimits(ConnectionsMax: 1)) });
        Peer first = network.Connect();
        Talk(first);
        using Peer second = network.Connect();
        second.Send(Peer.Frame("x"u8));
        Talk(first);
        Assert.Equal(1, network.Server.ConnectionCount);
        first.Dispose();
        Assert.Equal("x"u8.ToArray(), second.ReceiveFrame());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Connections_that_come_too_fast_wait_for_their_pace(bool isOfListener)
    {
        const int Rate = 2;
        ConnectionLimits limits = isOfListener ? OfListener(new ListenerLimits(CreationRateMax: Rate)) : new ConnectionLimits { CreationRateMax = Rate };
        using var network = new RunningNetwork(configure: options => options with { Limits = limits });
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < (10 * Rate) + 3; i++)
        {
            using Peer peer = network.Connect();
            Talk(peer);
        }

        // Ten seconds' worth at once, the other three half a second apart.
        TimeSpan taken = Stopwatch.GetElapsedTime(began);
        Assert.InRange(taken, TimeSpan.FromSeconds(1.4), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_higher_rate_lets_the_waiting_in()
    {
        using var network = new RunningNetwork(configure: options => options with { Limits = new ConnectionLimits { CreationRateMax = 0 } });
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("x"u8));
        peer.Socket.ReceiveTimeout = 200;
        Assert.ThrowsAny<Exception>(() => peer.ReceiveFrame());
        peer.Socket.ReceiveTimeout = 10_000;
        network.Server.UpdateLimits(ConnectionLimits.Unlimited);
        Assert.Equal("x"u8.ToArray(), peer.ReceiveFrame());
    }

    [Fact]
    public void Connections_beyond_an_addresss_share_are_closed()
    {
        using var network = new RunningNetwork(configure: options => options with { Limits = new ConnectionLimits { ConnectionsPerAddressMax = 1 } });
        using Peer first = network.Connect();
        Talk(first);
        using (Peer second = network.Connect())
        {
            Assert.True(second.IsEnded());
        }

        network.Server.UpdateLimits(new ConnectionLimits
        {
            ConnectionsPerAddressMax = 1,
            PerAddressOverrides = new Dictionary<IPAddress, int> { [IPAddress.Loopback] = 2 }.ToFrozenDictionary(),
        });
        using Peer third = network.Connect();
        Talk(third);
    }

    [Fact]
    public void An_idle_connection_is_closed_and_a_busy_one_is_not()
    {
        var clock = new HandClock();
        using var network = new RunningNetwork(configure: options => options with { IdleMax = s_idleMax }, clock: clock);
        using Peer idle = network.Connect();
        using Peer busy = network.Connect();
        RunningNetwork.Eventually(
            () =>
            {
                Talk(busy);
                clock.Advance(s_idleMax / 4);
                return idle.Socket.Poll(TimeSpan.FromMilliseconds(1), SelectMode.SelectRead);
            },
            "something happens to the idle one");
        Assert.True(idle.IsEnded());
        Talk(busy);
    }

    [Fact]
    public void A_trickle_is_no_sign_of_life()
    {
        var clock = new HandClock();
        using var network = new RunningNetwork(configure: options => options with { IdleMax = s_idleMax }, clock: clock);
        using Peer peer = network.Connect();
        RunningNetwork.Eventually(() => network.Broker.Handlers.Count == 1, "the connection is there");
        peer.SendSize(1000);
        for (int i = 0; i < 4; i++)
        {
            peer.Send([1]);
            clock.Advance(s_idleMax / 4);
            peer.Socket.ReceiveTimeout = 20;
            var error = Assert.Throws<SocketException>(() => peer.IsEnded());
            Assert.True(error.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock, $"{error.SocketErrorCode}");
        }

        peer.Send([1]);
        clock.Advance(s_idleMax / 4);
        peer.Socket.ReceiveTimeout = 10_000;
        Assert.True(peer.IsEnded());
        Assert.Equal(0, network.Broker.FrameCount);
    }

    [Fact]
    public void A_peer_that_never_takes_its_answers_is_closed_as_idle()
    {
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                handler.Transport.Send(EchoBroker.Answer(new byte[20_000_000]));
            },
        };
        using var network = new RunningNetwork(broker, options => options with { IdleMax = TimeSpan.FromMilliseconds(400) });
        using Peer deaf = network.Connect();
        deaf.Send(Peer.Frame("x"u8));
        RunningNetwork.Eventually(() => broker.Handlers.SingleOrDefault()?.ClosedCount == 1, "the deaf peer is cut off");
    }

    [Fact]
    public void A_port_in_use_is_said_in_one_line()
    {
        using var network = new RunningNetwork();
        var options = new NetworkOptions { Listeners = [new ListenerOptions { Name = "CLIENTS", Host = "127.0.0.1", Port = network.Port }] };
        var error = Assert.Throws<ListenerBindException>(
            () => new NetworkServer(options, new EchoBroker(), new FrameBufferPool(), TimeProvider.System, NullLoggerFactory.Instance));
        Assert.Equal($"Cannot listen on CLIENTS://127.0.0.1:{network.Port}: the port is in use by another process", error.Message);
    }

    [Fact]
    public async Task A_listener_that_opens_late_refuses_until_then_and_says_when_another_was_faster()
    {
        using var buffers = new FrameBufferPool();
        NetworkServer first = Late(0, buffers);
        int port = first.Listeners[0].Port;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => new Peer(port)).SocketErrorCode);

        // Both are bound while neither listens; the system lets the first have the port.
        NetworkServer second = Late(port, buffers);
        first.Start();
        using (var peer = new Peer(port))
        {
            Talk(peer);
        }

        var error = Assert.Throws<ListenerBindException>(second.Start);
        Assert.Equal($"Cannot listen on CLIENTS://127.0.0.1:{port}: the port is in use by another process", error.Message);
        await second.StopAsync(TimeSpan.Zero);
        await first.StopAsync(TimeSpan.Zero);
    }

    [Fact]
    public void Each_listener_gives_its_name_and_any_address_takes_both_families()
    {
        using var network = new RunningNetwork(configure: options => options with
        {
            Listeners = [new ListenerOptions { Name = "CLIENTS", Port = 0 }, new ListenerOptions { Name = "REPLICATION", Host = "localhost", Port = 0 }],
        });
        foreach (BoundListener listener in network.Server.Listeners)
        {
            using var peer = new Peer(listener.Port);
            Talk(peer);
        }

        Assert.Equal(["CLIENTS", "REPLICATION"], network.Broker.Handlers.Select(handler => handler.Info.ListenerName).Order());
        Assert.All(network.Broker.Handlers, handler => Assert.Equal("127.0.0.1", handler.Info.RemoteAddress));
        Assert.All(network.Broker.Handlers, handler => Assert.True(handler.Info.IsLoopback));
    }

    private static NetworkServer Late(int port, FrameBufferPool buffers)
    {
        var options = new NetworkOptions { Listeners = [new ListenerOptions { Name = "CLIENTS", Host = "127.0.0.1", Port = port, RefusesUntilStarted = true }] };
        return new NetworkServer(options, new EchoBroker(), buffers, TimeProvider.System, NullLoggerFactory.Instance);
    }

    private static ConnectionLimits OfListener(ListenerLimits limits) =>
        new() { OfListeners = new Dictionary<string, ListenerLimits> { ["PLAINTEXT"] = limits }.ToFrozenDictionary() };

    private static void Talk(Peer peer)
    {
        peer.Send(Peer.Frame("x"u8));
        Assert.Equal("x"u8.ToArray(), peer.ReceiveFrame());
    }
}
