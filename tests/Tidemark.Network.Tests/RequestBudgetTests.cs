using System.Collections.Concurrent;
using Tidemark.Broker.Connections;
using Tidemark.Network.Buffers;

namespace Tidemark.Network.Tests;

/// <summary>Requests take no more memory together than <c>queued.max.request.bytes</c> and one of them.</summary>
public sealed class RequestBudgetTests
{
    private const int Counted = RequestBudget.CountedMin;

    [Fact]
    public async Task Many_large_requests_are_let_in_as_others_are_done()
    {
        const int Size = 1 << 20;
        const int Peers = 40;
        var inHand = new BlockingCollection<(EchoBroker.Handler By, InboundFrame Frame)>();
        using RunningNetwork network = Limited(2 * Size, new EchoBroker { OnFrame = (handler, frame) => inHand.Add((handler, frame)) });
        Peer[] peers = [.. Enumerable.Range(0, Peers).Select(_ => network.Connect())];
        Task[] sending = [.. peers.Select(peer => Task.Run(() => peer.Send(Peer.Frame(new byte[Size]))))];

        for (int done = 0; done < Peers; done++)
        {
            Assert.True(inHand.TryTake(out (EchoBroker.Handler By, InboundFrame Frame) next, TimeSpan.FromSeconds(10)), $"request {done} is let in");
            Assert.InRange(network.Buffers.RentedCount, 1, 2);
            next.By.Transport.Send(EchoBroker.Answer("done"u8, next.Frame));
        }

        Assert.All(peers, peer => Assert.Equal(4, peer.ReceiveFrame().Length));
        await Task.WhenAll(sending);
        Array.ForEach(peers, peer => peer.Dispose());
    }

    [Fact]
    public void Small_requests_pass_those_that_wait()
    {
        using RunningNetwork network = Limited(Counted);
        using Peer holding = network.Connect();
        using Peer waiting = network.Connect();
        using Peer small = network.Connect();
        holding.SendSize(Counted);
        holding.Send(new byte[1]);
        RunningNetwork.Eventually(() => network.Buffers.RentedCount == 1, "the first request has its room");
        waiting.Send(Peer.Frame(new byte[Counted]));

        small.Send(Peer.Frame("small"u8));
        Assert.Equal(5, small.ReceiveFrame().Length);
        Assert.Equal(1, network.Broker.FrameCount);

        holding.Send(new byte[Counted - 1]);
        Assert.Equal(Counted, holding.ReceiveFrame().Length);
        Assert.Equal(Counted, waiting.ReceiveFrame().Length);
    }

    [Theory]
    [InlineData(Counted)]
    [InlineData(10 * Counted)]
    public void Who_leaves_in_the_midst_of_a_request_gives_its_part_to_the_next(int size)
    {
        using RunningNetwork network = Limited(Counted);
        Peer holding = network.Connect();
        using Peer waiting = network.Connect();
        holding.SendSize(size);
        holding.Send(new byte[1]);
        RunningNetwork.Eventually(() => network.Buffers.RentedCount == 1, "the first request has its room");
        waiting.Send(Peer.Frame(new byte[size]));

        holding.Dispose();

        Assert.Equal(size, waiting.ReceiveFrame().Length);
    }

    [Fact]
    public void Its_parts_are_given_in_the_order_of_the_wishes()
    {
        var budget = new RequestBudget(100);
        var granted = new List<string>();
        RequestBudget.Claim[] claims = [.. new[] { ("a", 60), ("b", 60), ("c", 10), ("d", 10), ("e", 10) }
            .Select(each => new RequestBudget.Claim(budget, each.Item2, () => granted.Add(each.Item1)))];

        Assert.True(claims[0].TryTake());
        Assert.True(claims[1].TryTake());
        foreach (RequestBudget.Claim claim in claims[2..])
        {
            Assert.False(claim.TryTake());
            claim.Wait();
        }

        claims[3].Dispose();
        Assert.Empty(granted);
        claims[0].Dispose();
        Assert.Equal(["c", "e"], granted);
        Assert.True(claims[2].IsGranted);
        claims[0].Dispose();
        Array.ForEach(claims[1..], claim => claim.Dispose());

        // All hundred are back, and no more.
        Assert.True(new RequestBudget.Claim(budget, 99, () => { }).TryTake());
        Assert.True(new RequestBudget.Claim(budget, 1, () => { }).TryTake());
        Assert.False(new RequestBudget.Claim(budget, 1, () => { }).TryTake());
    }

    [Fact]
    public void What_came_back_before_the_wait_began_is_had_at_once()
    {
        var budget = new RequestBudget(1);
        int granted = 0;
        var first = new RequestBudget.Claim(budget, 5, () => { });
        var second = new RequestBudget.Claim(budget, 5, () => granted++);
        Assert.True(first.TryTake());
        Assert.False(second.TryTake());

        first.Dispose();
        second.Wait();

        Assert.Equal((1, true), (granted, second.IsGranted));
    }

    private static RunningNetwork Limited(long bytes, EchoBroker? broker = null) => new(broker, options => options with { QueuedRequestBytesMax = bytes });
}
