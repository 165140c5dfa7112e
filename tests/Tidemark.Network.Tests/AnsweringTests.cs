using System.Buffers.Binary;
using Tidemark.Broker.Connections;

namespace Tidemark.Network.Tests;

public class AnsweringTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void File_ranges_between_bytes_in_memory_arrive_as_they_are(bool handleIsShown)
    {
        const int Seed = 8;
        var random = new Random(Seed);
        byte[] content = new byte[3_000_000];
        random.NextBytes(content);
        using var file = new OpenedFile(content, handleIsShown);
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                var parts = new List<OutboundPart> { default };
                foreach ((int position, int length) in new[] { (0, 1_000_000), (17, 0), (5, 700), (1_000_000, 65_536), (2_000_000, 65_535), (99, 1_500_000) })
                {
                    parts.Add(OutboundPart.Of(content.AsMemory(position, Math.Min(length, 30))));
                    parts.Add(OutboundPart.Of(file, position, length));
                    parts.Add(OutboundPart.Of(content.AsMemory(position, length / 2)));
                }

                byte[] size = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(size, parts.Sum(part => part.Length));
                parts[0] = OutboundPart.Of(size);
                handler.Transport.Send(new OutboundFrame(parts, []));
            },
        };
        var expected = new MemoryStream();
        foreach ((int position, int length) in new[] { (0, 1_000_000), (17, 0), (5, 700), (1_000_000, 65_536), (2_000_000, 65_535), (99, 1_500_000) })
        {
            expected.Write(content, position, Math.Min(length, 30));
            expected.Write(content, position, length);
            expected.Write(content, position, length / 2);
        }

        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send([.. Peer.Frame("1"u8), .. Peer.Frame("2"u8)]);
        for (int i = 0; i < 2; i++)
        {
            Assert.True(expected.ToArray().AsSpan().SequenceEqual(peer.ReceiveFrame()), $"seed {Seed}");
        }
    }

    [Fact]
    public void A_file_that_is_shorter_than_its_answer_ends_the_connection()
    {
        using var file = new OpenedFile(new byte[100_000]);
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                handler.Transport.Send(new OutboundFrame([OutboundPart.Of(file, 0, 200_000)], []));
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("x"u8));
        peer.Receive(100_000);
        Assert.True(peer.IsEnded());
    }

    [Fact]
    public async Task Answers_sent_from_many_threads_arrive_whole()
    {
        using var network = new RunningNetwork();
        using Peer peer = network.Connect();
        peer.Send(Peer.Frame("hello"u8));
        peer.ReceiveFrame();
        IConnectionTransport transport = network.Broker.Handlers.Single().Transport;
        using var file = new OpenedFile([.. Enumerable.Repeat((byte)3, 100_000)]);
        Task sending = Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 200; i++)
            {
                byte[] size = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(size, 100_000);
                transport.Send(thread == 3
                    ? new OutboundFrame([OutboundPart.Of(size), OutboundPart.Of(file, 0, 100_000)], [])
                    : EchoBroker.Answer([.. Enumerable.Repeat((byte)thread, 1 + (i * 97 % 40_000))]));
            }
        })));
        int[] counts = new int[4];
        for (int i = 0; i < 800; i++)
        {
            byte[] frame = peer.ReceiveFrame();
            int thread = frame[0];
            Assert.False(frame.AsSpan().ContainsAnyExcept((byte)thread));
            Assert.Equal(thread == 3 ? 100_000 : 1 + (counts[thread] * 97 % 40_000), frame.Length);
            counts[thread]++;
        }

        await sending;
    }

    [Fact]
    public void A_peer_that_takes_no_answers_is_not_read_from_until_it_does()
    {
        const int Count = 400;
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                handler.Transport.Send(EchoBroker.Answer(new byte[100_000]));
            },
        };
        using var network = new RunningNetwork(broker, options => options with { QueuedAnswerBytesMax = 1 << 20, SendBufferBytes = 64 * 1024 });
        using var deaf = new Peer(network.Port, receiveBufferBytes: 64 * 1024);
        deaf.Send([.. Enumerable.Repeat(Peer.Frame("x"u8), Count).SelectMany(frame => frame)]);
        using Peer other = network.Connect();
        other.Send(Peer.Frame("x"u8));
        Assert.Equal(100_000, other.ReceiveFrame().Length);
        int taken = broker.Handlers.Max(handler => handler.FrameCount);
        Assert.InRange(taken, 1, Count / 2);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(100_000, deaf.ReceiveFrame().Length);
        }
    }

    [Fact]
    public void A_peer_that_asks_thousands_of_times_at_once_lets_others_have_their_turn()
    {
        const int Count = 4000;
        using var allAreSent = new ManualResetEventSlim();
        int flood = 0;
        int takenBefore = -1;
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                if (frame.Length != sizeof(int))
                {
                    takenBefore = flood;
                }
                else if (++flood == 1)
                {
                    allAreSent.Wait(TimeSpan.FromSeconds(10));
                }

                handler.Transport.Send(EchoBroker.Answer(frame.Bytes.Span, frame));
            },
        };
        using var network = new RunningNetwork(broker, options => options with { LoopCount = 1 });
        using Peer other = network.Connect();
        using Peer many = network.Connect();
        many.Send([.. Enumerable.Range(0, Count).SelectMany(i => Peer.Frame(BitConverter.GetBytes(i)))]);
        RunningNetwork.Eventually(() => Volatile.Read(ref flood) == 1, "the first of the many is in hand");
        other.Send(Peer.Frame("x"u8));
        allAreSent.Set();
        Assert.Equal("x"u8.ToArray(), other.ReceiveFrame());
        Assert.InRange(takenBefore, 1, Count / 10);
        Assert.Equal(Enumerable.Range(0, Count), Enumerable.Range(0, Count).Select(_ => BitConverter.ToInt32(many.ReceiveFrame())));
    }

    [Fact]
    public void A_paused_connection_is_not_read_from_and_loses_nothing()
    {
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                handler.Transport.Send(EchoBroker.Answer(frame.Bytes.Span, frame));
                handler.Transport.PauseReading();
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send([.. Enumerable.Range(0, 50).SelectMany(i => Peer.Frame([(byte)i]))]);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal([(byte)i], peer.ReceiveFrame());
            Assert.Equal(i + 1, broker.FrameCount);
            broker.Handlers.Single().Transport.ResumeReading();
        }
    }

    [Fact]
    public void Answers_released_once_and_also_when_nobody_takes_them()
    {
        int released = 0;
        using var network = new RunningNetwork();
        Peer peer = network.Connect();
        peer.Send(Peer.Frame("x"u8));
        peer.ReceiveFrame();
        IConnectionTransport transport = network.Broker.Handlers.Single().Transport;
        for (int i = 0; i < 20; i++)
        {
            transport.Send(EchoBroker.Answer(new byte[1_000_000], new Released(() => Interlocked.Increment(ref released))));
        }

        peer.Dispose();
        RunningNetwork.Eventually(() => network.Broker.Handlers.Single().ClosedCount == 1, "the connection ends");
        transport.Send(EchoBroker.Answer("late"u8, new Released(() => Interlocked.Increment(ref released))));
        Assert.Equal(21, released);
    }

    [Fact]
    public void An_answer_sent_before_a_close_reaches_a_peer_that_still_talks()
    {
        var broker = new EchoBroker
        {
            OnFrame = (handler, frame) =>
            {
                frame.Dispose();
                handler.Transport.Send(EchoBroker.Answer("goodbye"u8));
                handler.Transport.Close("enough");
            },
        };
        using var network = new RunningNetwork(broker);
        using Peer peer = network.Connect();
        peer.Send([.. Enumerable.Repeat(Peer.Frame("x"u8), 30).SelectMany(frame => frame)]);
        Assert.Equal("goodbye"u8.ToArray(), peer.ReceiveFrame());
        Assert.True(peer.IsEnded());
        Assert.Equal(1, broker.FrameCount);
    }

    private sealed class Released(Action action) : IDisposable
    {
        public void Dispose() => action();
    }
}
