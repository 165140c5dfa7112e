using System.Text;
using Tidemark.Broker.Connections;

namespace Tidemark.Network.Tests;

public class FramingTests
{
    [Fact]
    public void A_frame_split_at_every_byte_arrives_whole()
    {
        using var network = new RunningNetwork();
        using Peer peer = network.Connect();
        byte[] frame = Peer.Frame("split me anywhere"u8);
        for (int cut = 1; cut < frame.Length; cut++)
        {
            peer.Send(frame.AsSpan(0, cut));
            peer.Send(frame.AsSpan(cut));
            Assert.Equal(frame[4..], peer.ReceiveFrame());
        }
    }

    [Fact]
    public async Task Frames_of_mixed_sizes_sent_at_once_are_answered_in_order()
    {
        const int Seed = 3;
        var random = new Random(Seed);
        using var network = new RunningNetwork();
        using Peer peer = network.Connect();
        var sent = new List<byte[]>();
        for (int i = 0; i < 400; i++)
        {
            byte[] bytes = new byte[random.Next(10) switch { 0 => random.Next(1, 300_000), 1 => random.Next(60_000, 70_000), _ => random.Next(1, 200) }];
            random.NextBytes(bytes);
            sent.Add(bytes);
        }

        Task sending = Task.Run(() =>
        {
            // Some in one piece, some torn, so that frames end in the midst of what is received.
            byte[] all = sent.SelectMany(bytes => Peer.Frame(bytes)).ToArray();
            for (int done = 0; done < all.Length;)
            {
                int count = Math.Min(all.Length - done, random.Next(1, 200_000));
                peer.Send(all.AsSpan(done, count));
                done += count;
            }
        });
        foreach (byte[] bytes in sent)
        {
            Assert.True(bytes.AsSpan().SequenceEqual(peer.ReceiveFrame()), $"seed {Seed}");
        }

        await sending;
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(0)]
    [InlineData(1025)]
    [InlineData(int.MaxValue)]
    public void A_size_that_cannot_be_ends_the_connection_and_no_other(int size)
    {
        using var network = new RunningNetwork(configure: options => options with { RequestBytesMax = 1024 });
        using Peer good = network.Connect();
        using Peer bad = network.Connect();
        bad.SendSize(size);
        Assert.True(bad.IsEnded());
        Assert.Equal(0, network.Buffers.RentedCount);
        good.Send(Peer.Frame(new byte[1024]));
        Assert.Equal(1024, good.ReceiveFrame().Length);
    }

    [Fact]
    public void Good_frames_before_a_bad_size_are_delivered()
    {
        using var network = new RunningNetwork();
        using Peer peer = network.Connect();
        byte[] bytes = [.. Peer.Frame("one"u8), .. Peer.Frame("two"u8), 255, 255, 255, 255];
        peer.Send(bytes);
        RunningNetwork.Eventually(() => network.Broker.FrameCount == 2, "both frames arrive");
        RunningNetwork.Eventually(() => network.Broker.Handlers.Single().ClosedCount == 1, "the handler hears of the end once");
    }

    [Fact]
    public void A_peer_that_leaves_in_the_midst_of_a_frame_leaves_nothing_behind()
    {
        using var network = new RunningNetwork();
        using (Peer peer = network.Connect())
        {
            peer.SendSize(10_000_000);
            peer.Send(new byte[100_000]);
            RunningNetwork.Eventually(() => network.Buffers.RentedCount == 1, "room for the frame is rented");
        }

        RunningNetwork.Eventually(() => network.Server.ConnectionCount == 0, "the connection is gone");
        Assert.Equal(0, network.Buffers.RentedCount);
        Assert.Equal(0, network.Broker.FrameCount);
    }

    [Fact]
    public void A_handler_that_throws_ends_its_connection_only()
    {
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                using (frame)
                {
                    string text = Encoding.ASCII.GetString(frame.Bytes.Span);
                    handler.Transport.Send(text == "bad" ? throw new FormatException(text) : EchoBroker.Answer(frame.Bytes.Span));
                }
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer good = network.Connect();
        using Peer bad = network.Connect();
        bad.Send(Peer.Frame("bad"u8));
        Assert.True(bad.IsEnded());
        good.Send(Peer.Frame("good"u8));
        Assert.Equal("good"u8.ToArray(), good.ReceiveFrame());
    }
}
