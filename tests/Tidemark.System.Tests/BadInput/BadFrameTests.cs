using System.Buffers.Binary;
using System.Security.Cryptography;
using Tidemark.Protocol;
using Tidemark.System.Tests.Clients;
using static Tidemark.System.Tests.BadInput.RawConnection;

namespace Tidemark.System.Tests.BadInput;

/// <summary>Bytes that are no request end their own connection and nothing else.</summary>
[Collection(BadInputCollection.Name)]
public class BadFrameTests(BrokerUnderAttack fixture)
{
    private int Port => fixture.Broker.Port;

    [BadInputTheory]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(BrokerUnderAttack.FrameBytesMax + 1)]
    public async Task A_frame_of_an_impossible_size_closes_its_connection(int size)
    {
        using RawConnection connection = await OpenAsync(Port);
        await connection.SendAsync(Size(size));
        await connection.SendAsync(new byte[64]);
        Assert.Null(await connection.AnswerAsync());
        await fixture.OthersAreServedAsync();
    }

    [BadInputTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task A_frame_too_short_for_a_header_closes_its_connection(int size)
    {
        using RawConnection connection = await OpenAsync(Port);
        await connection.SendAsync(Frame(new byte[size]));
        Assert.Null(await connection.AnswerAsync());
        await fixture.OthersAreServedAsync();
    }

    [BadInputTheory]
    [InlineData(-1, 0)]
    [InlineData(93, 0)]
    [InlineData(999, 0)]
    [InlineData(32767, 32767)]
    [InlineData(0, 2)]
    [InlineData(1, 99)]
    [InlineData(3, -1)]
    [InlineData(19, 32767)]
    public async Task An_unknown_key_or_version_is_answered_or_cut_off_but_never_left_waiting(short key, short version)
    {
        using RawConnection connection = await OpenAsync(Port);
        await connection.SendAsync(Frame(Header(key, version, flexible: false)));
        await connection.AnswerAsync();
        await fixture.OthersAreServedAsync();
    }

    [ClientFact("Confluent.Kafka")]
    public async Task An_unknown_version_of_ApiVersions_is_answered_in_version_0_with_its_own_range()
    {
        using RawConnection connection = await OpenAsync(Port);
        await connection.SendAsync(Frame(Header(18, 99, flexible: true)));
        byte[]? answer = await connection.AnswerAsync();
        Assert.NotNull(answer);
        Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(answer));
        Assert.Equal(35, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(4)));
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(6)));
        Assert.Equal(18, BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(10)));
    }

    [ClientFact("Confluent.Kafka")]
    public async Task A_count_larger_than_its_frame_closes_the_connection_and_takes_no_memory()
    {
        long before = fixture.Broker.ResidentBytes;
        byte[][] counts = [[0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff, 0x07, 0xff, 0xff, 0xff, 0xff, 0x07]];
        foreach ((short key, short version, int bytesBefore) in new (short, short, int)[] { (3, 5, 0), (3, 9, 0), (19, 4, 0), (19, 5, 0), (32, 3, 0), (32, 4, 0), (1, 4, 17), (1, 12, 25) })
        {
            bool flexible = IsFlexible(key, version);
            using RawConnection connection = await OpenAsync(Port);
            await connection.SendAsync(Frame(Header(key, version, flexible), new byte[bytesBefore], counts[flexible ? 1 : 0]));
            Assert.Null(await connection.AnswerAsync());
        }

        await fixture.OthersAreServedAsync();
        Assert.InRange(fixture.Broker.ResidentBytes - before, long.MinValue, 64 << 20);
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Garbage_behind_a_good_header_harms_nobody()
    {
        int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        Random random = new(seed);
        List<RawConnection> held = [];
        try
        {
            foreach (short key in MessageCatalog.Apis.Select(api => (short)api.Key))
            {
                for (int attempt = 0; attempt < 12; attempt++)
                {
                    short version = (short)random.Next(0, 14);
                    byte[] junk = new byte[random.Next(1, 300)];
                    random.NextBytes(junk);
                    RawConnection connection = await OpenAsync(Port);
                    held.Add(connection);
                    await connection.SendAsync(Frame(Header(key, version, IsFlexible(key, version)), junk));
                }
            }

            await fixture.OthersAreServedAsync();
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}: {e}");
        }
        finally
        {
            held.ForEach(connection => connection.Dispose());
        }
    }

    [ClientFact("Confluent.Kafka")]
    public async Task Pure_noise_harms_nobody()
    {
        int seed = RandomNumberGenerator.GetInt32(int.MaxValue);
        Random random = new(seed);
        for (int attempt = 0; attempt < 300; attempt++)
        {
            byte[] noise = new byte[random.Next(1, 400)];
            random.NextBytes(noise);
            using RawConnection connection = await OpenAsync(Port);
            await connection.SendAsync(noise);
        }

        await fixture.OthersAreServedAsync();
        Assert.True(fixture.Broker.IsRunning, $"seed {seed}");
    }

    private static bool IsFlexible(short key, short version) => MessageCatalog.TryGetApi(key, out ApiDescriptor api) && api.IsFlexible(version);
}
