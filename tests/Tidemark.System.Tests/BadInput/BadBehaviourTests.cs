using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;
using static Tidemark.System.Tests.BadInput.RawConnection;

namespace Tidemark.System.Tests.BadInput;

/// <summary>Clients that announce much and send little, that stall, or that never read. Memory follows the bytes that came, not those announced.</summary>
[Collection(BadInputCollection.Name)]
public class BadBehaviourTests(BrokerUnderAttack fixture)
{
    private const int MiB = 1 << 20;

    private RunningBroker Broker => fixture.Broker;

    [ClientFact("Confluent.Kafka")]
    public async Task Two_hundred_connections_that_announce_ten_megabytes_and_send_one_byte_cost_little()
    {
        long before = Broker.ResidentBytes;
        List<RawConnection> trickling = [];
        try
        {
            for (int i = 0; i < 200; i++)
            {
                RawConnection connection = await OpenAsync(Broker.Port);
                trickling.Add(connection);
                await connection.SendAsync(Size(10_000_000));
                await connection.SendAsync(new byte[1]);
            }

            await fixture.OthersAreServedAsync();
            Assert.InRange(Broker.ResidentBytes - before, long.MinValue, 64 * MiB);
        }
        finally
        {
            trickling.ForEach(connection => connection.Dispose());
        }

        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Clients_that_ask_and_never_read_are_not_asked_for_more_than_a_bounded_amount()
    {
        long before = Broker.ResidentBytes;
        byte[] requests = Enumerable.Repeat(Frame(Header(18, 0, flexible: false)), 100).SelectMany(frame => frame).ToArray();
        List<RawConnection> deaf = [];
        try
        {
            for (int i = 0; i < 20; i++)
            {
                RawConnection connection = await OpenAsync(Broker.Port);
                deaf.Add(connection);
            }

            for (int round = 0; round < 20; round++)
            {
                deaf.ForEach(connection => connection.SendUntilFull(requests, most: 4 * MiB));
                await fixture.OthersAreServedAsync();
            }

            Assert.InRange(Broker.ResidentBytes - before, long.MinValue, 160 * MiB);
        }
        finally
        {
            deaf.ForEach(connection => connection.Dispose());
        }

        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task A_request_that_comes_byte_by_byte_is_answered()
    {
        using RawConnection connection = await OpenAsync(Broker.Port);
        foreach (byte one in Frame(Header(18, 0, flexible: false)))
        {
            await connection.SendAsync(new[] { one });
            await fixture.OthersAreServedAsync();
        }

        Assert.NotNull(await connection.AnswerAsync());
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Connections_left_half_way_through_a_frame_disturb_nobody()
    {
        byte[] frame = Frame(Header(3, 9, flexible: true), new byte[100]);
        for (int length = 1; length < frame.Length; length += 3)
        {
            using RawConnection connection = await OpenAsync(Broker.Port);
            await connection.SendAsync(frame.AsMemory(0, length));
        }

        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Many_requests_on_one_connection_are_answered_in_their_order()
    {
        using RawConnection connection = await OpenAsync(Broker.Port);
        for (byte i = 0; i < 50; i++)
        {
            byte[] header = Header(18, (short)(i % 3), flexible: false);
            header[7] = i;
            await connection.SendAsync(Frame(header));
        }

        for (byte i = 0; i < 50; i++)
        {
            byte[]? answer = await connection.AnswerAsync();
            Assert.NotNull(answer);
            Assert.Equal(i, answer[3]);
        }
    }
}
