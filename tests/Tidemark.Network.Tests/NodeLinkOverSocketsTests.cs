using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Links;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Files;

namespace Tidemark.Network.Tests;

public sealed class NodeLinkOverSocketsTests : IAsyncDisposable
{
    private readonly ScriptedPeer _peer = new();
    private readonly FrameBufferPool _buffers = new();
    private readonly NetworkServer _network;
    private readonly BrokerEnvironment _environment;
    private readonly NodeLinks _links;

    public NodeLinkOverSocketsTests()
    {
        var options = new NetworkOptions { Listeners = [new ListenerOptions { Name = "CONTROLLER", Host = "127.0.0.1", Port = 0 }] };
        _network = new NetworkServer(options, _peer, _buffers, TimeProvider.System, NullLoggerFactory.Instance);
        _network.Start();
        _environment = new BrokerEnvironment(
            TimeProvider.System, new SystemDisk(), new NoBackground(), memory => Random.Shared.NextBytes(memory.Span), _buffers, NullLoggerFactory.Instance, _network.Connector);
        _links = new NodeLinks(_environment, new LinkOptions { SetupTimeout = TimeSpan.FromSeconds(30) });
    }

    [Fact]
    public async Task Requests_of_many_callers_are_answered_each_with_its_own_answer()
    {
        _peer.Script = asked => new BrokerHeartbeatResponse { ThrottleTimeMs = (int)asked.Read<BrokerHeartbeatRequest>().BrokerEpoch };
        NodeLink link = _links.To(new NodeAddress("127.0.0.1", _network.Listeners[0].Port), "test");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; i < 1000; i++)
            {
                int number = (caller * 1000) + i;
                BrokerHeartbeatResponse answer = await link.Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(
                    new() { BrokerEpoch = number }, TimeSpan.FromSeconds(30));
                Assert.Equal(number, answer.ThrottleTimeMs);
            }
        })));
        Assert.Single(_peer.Sessions);
    }

    [Fact]
    public async Task Request_without_an_answer_times_out_and_the_next_is_sent_on_a_new_connection()
    {
        NodeLink link = _links.To(new NodeAddress("127.0.0.1", _network.Listeners[0].Port), "test");
        LinkException timedOut = await Assert.ThrowsAsync<LinkException>(
            async () => await link.Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(new(), TimeSpan.FromMilliseconds(300)));
        Assert.Equal(LinkFailure.TimedOut, timedOut.Failure);
        _peer.Script = _ => new BrokerHeartbeatResponse();
        await link.Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(new(), TimeSpan.FromSeconds(30));
        Assert.Equal(2, _peer.Sessions.Count);
    }

    [Fact]
    public async Task Host_that_does_not_answer_is_unreachable_after_the_setup_timeout()
    {
        // Addresses for documentation (RFC 5737): nobody answers there, or the system has no way to them.
        using var links = new NodeLinks(_environment, new LinkOptions { SetupTimeout = TimeSpan.FromSeconds(1) });
        NodeLink link = links.To(new NodeAddress("192.0.2.1", 9092), "test");
        LinkException failure = await Assert.ThrowsAsync<LinkException>(
            async () => await link.Send<BrokerHeartbeatRequest, BrokerHeartbeatResponse>(new(), TimeSpan.FromSeconds(30)));
        Assert.Equal(LinkFailure.Ended, failure.Failure);
        Assert.NotEqual(LinkEnd.ClosedHere, failure.End);
    }

    public async ValueTask DisposeAsync()
    {
        _links.Dispose();
        await _network.DisposeAsync();
        RunningNetwork.Eventually(() => _buffers.RentedCount == 0, "every buffer is back in the pool");
        _buffers.Dispose();
    }

    private sealed class NoBackground : IBackground
    {
        public void Post(string name, Action work) => throw new InvalidOperationException("links need none");
    }
}
