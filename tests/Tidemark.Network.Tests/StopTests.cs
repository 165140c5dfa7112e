using System.Net.Sockets;
using Tidemark.Broker.Connections;

namespace Tidemark.Network.Tests;

public class StopTests
{
    [Fact]
    public async Task Stopping_refuses_new_connections_and_ends_idle_ones()
    {
        using var network = new RunningNetwork();
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("x"u8));
        peer.ReceiveFrame();
        Task stopped = network.Server.StopAsync(TimeSpan.FromSeconds(5));
        Assert.True(peer.IsEnded());
        peer.Dispose();
        await stopped.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Throws<SocketException>(() => network.Connect());
    }

    [Fact]
    public async Task Requests_in_hand_are_answered_before_the_end()
    {
        InboundFrame? held = null;
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                handler.HasRequestsInHand = true;
                Volatile.Write(ref held, frame);
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("in flight"u8));
        RunningNetwork.Eventually(() => Volatile.Read(ref held) is not null, "the request arrives");
        Task stopped = network.Server.StopAsync(TimeSpan.FromSeconds(10));
        EchoBroker.Handler handler = broker.Handlers.Single();
        Assert.Equal(0, handler.ClosedCount);
        handler.Transport.Send(EchoBroker.Answer(held!.Bytes.Span, held));
        handler.HasRequestsInHand = false;
        Assert.Equal("in flight"u8.ToArray(), peer.ReceiveFrame());
        Assert.True(peer.IsEnded());
        peer.Dispose();
        await stopped.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(1, handler.ClosedCount);
    }

    [Fact]
    public async Task The_end_of_the_drain_cuts_what_is_left()
    {
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                handler.HasRequestsInHand = true;
                frame.Dispose();
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("never answered"u8));
        RunningNetwork.Eventually(() => broker.FrameCount == 1, "the request arrives");
        await network.Server.StopAsync(TimeSpan.FromMilliseconds(100)).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(peer.IsEnded());
    }

    [Fact]
    public void A_peer_that_has_said_all_still_gets_its_answer()
    {
        InboundFrame? held = null;
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                handler.HasRequestsInHand = true;
                Volatile.Write(ref held, frame);
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("last words"u8));
        peer.Socket.Shutdown(SocketShutdown.Send);
        RunningNetwork.Eventually(() => Volatile.Read(ref held) is not null, "the request arrives");
        EchoBroker.Handler handler = broker.Handlers.Single();
        handler.Transport.Send(EchoBroker.Answer(held!.Bytes.Span, held));
        handler.HasRequestsInHand = false;
        Assert.Equal("last words"u8.ToArray(), peer.ReceiveFrame());
        Assert.True(peer.IsEnded());
    }
}
