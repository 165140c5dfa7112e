using System.Buffers.Binary;
using System.Text;
using Tidemark.Broker.Connections;
using Tidemark.Simulator.Connections;
using Tidemark.Storage.Files;
using World = Tidemark.Simulator.Simulation;

namespace Tidemark.Broker.Tests.Simulation;

public class SimulatedConnectionTests
{
    private readonly World _world = new(seed: 11);
    private readonly Echo _echo = new();

    [Fact]
    public void Requests_arrive_and_answers_return_in_order()
    {
        SimulatedConnection connection = _world.Connect(_echo);
        for (int i = 0; i < 20; i++)
        {
            connection.SendRequest(Encoding.ASCII.GetBytes($"request {i}"));
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.Equal($"request {i}", Encoding.ASCII.GetString(connection.AwaitAnswer(TimeSpan.FromSeconds(1))!));
        }

        Assert.Null(connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_paused_connection_delivers_when_it_is_resumed()
    {
        SimulatedConnection connection = _world.Connect(_echo);
        _echo.Transport!.PauseReading();
        connection.SendRequest("x"u8);
        Assert.Null(connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
        _echo.Transport.ResumeReading();
        Assert.Equal("x"u8.ToArray(), connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Answers_sent_before_a_close_still_arrive()
    {
        SimulatedConnection connection = _world.Connect(_echo);
        connection.SendRequest("close"u8);
        Assert.Equal("close"u8.ToArray(), connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
        Assert.Null(connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
        Assert.True(connection.IsClosed);
        Assert.Equal("asked to", connection.CloseReason);
        Assert.Equal(1, _echo.ClosedCount);
    }

    [Fact]
    public void A_client_that_leaves_is_noticed_once()
    {
        SimulatedConnection connection = _world.Connect(_echo);
        connection.Disconnect();
        connection.Disconnect();
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _echo.ClosedCount);
    }

    [Fact]
    public void A_range_of_a_file_is_sent_as_its_bytes()
    {
        using IDiskFile file = _world.Disk.OpenFile("/f", DiskOpen.Create);
        file.Write(0, "0123456789"u8);
        SimulatedConnection connection = _world.Connect(_echo);
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, 5);
        _echo.Transport!.Send(new OutboundFrame([OutboundPart.Of(size), OutboundPart.Of(file, 3, 5)], []));
        Assert.Equal("34567"u8.ToArray(), connection.AwaitAnswer(TimeSpan.FromSeconds(1)));
    }

    private sealed class Echo : IConnectionAcceptor, IConnectionHandler
    {
        public IConnectionTransport? Transport { get; private set; }

        public int ClosedCount { get; private set; }

        public IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport)
        {
            Transport = transport;
            return this;
        }

        public void OnFrame(InboundFrame frame)
        {
            byte[] size = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(size, frame.Length);
            Transport!.Send(new OutboundFrame([OutboundPart.Of(size), OutboundPart.Of(frame.Bytes.ToArray())], [frame]));
            if (frame.Length == 5)
            {
                Transport.Close("asked to");
            }
        }

        public void OnClosed() => ClosedCount++;
    }
}
