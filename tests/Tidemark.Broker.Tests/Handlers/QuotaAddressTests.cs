using Tidemark.Broker.Handlers;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>What may stand for an address in a quota. The answers are Apache Kafka's to the same names.</summary>
public sealed class QuotaAddressTests
{
    private readonly List<string> _asked = [];
    private readonly NodeWorld _world;

    public QuotaAddressTests()
    {
        _world = new NodeWorld(1)
        {
            Beside = driver => [new AlterClientQuotasHandler(driver, _world!.World.Environment with { HasAddress = Resolve })],
        };
        Assert.True(_world.Boot());
    }

    [Theory]
    [InlineData("localhost", ErrorCode.None)]
    [InlineData("no.such.host.invalid", ErrorCode.InvalidRequest)]
    [InlineData("a b", ErrorCode.InvalidRequest)]
    [InlineData("1.2.3.256", ErrorCode.InvalidRequest)]
    public void A_name_stands_for_the_address_that_it_has(string name, ErrorCode expected)
    {
        Assert.Equal(expected, Assert.Single(Set(name)).ErrorCode);
        Assert.Equal([name], _asked);
    }

    [Theory]
    [InlineData("::1", ErrorCode.None)]
    [InlineData("[::1]", ErrorCode.None)]
    [InlineData("127.0.0.8", ErrorCode.None)]
    [InlineData("1.2.3", ErrorCode.None)]
    [InlineData("127", ErrorCode.None)]
    [InlineData("0x7f.1", ErrorCode.InvalidRequest)]
    [InlineData(null, ErrorCode.None)]
    public void An_address_is_not_looked_up(string? name, ErrorCode expected)
    {
        Assert.Equal(expected, Assert.Single(Set(name)).ErrorCode);
        Assert.Empty(_asked);
    }

    [Fact]
    public void A_name_that_nobody_finds_in_time_counts_as_unknown_and_those_behind_it_too()
    {
        long start = _world.World.Time.GetTimestamp();
        Assert.Equal([ErrorCode.None, ErrorCode.InvalidRequest, ErrorCode.InvalidRequest], Set("localhost", "slow", "localhost2").Select(each => each.ErrorCode));
        Assert.Equal(["localhost", "slow"], _asked);
        Assert.InRange(_world.World.Time.GetElapsedTime(start), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6));
    }

    private Task<bool> Resolve(string name)
    {
        _asked.Add(name);
        return name == "slow" ? new TaskCompletionSource<bool>().Task : Task.FromResult(name.StartsWith("localhost", StringComparison.Ordinal));
    }

    private List<AlterClientQuotasResponse.EntryData> Set(params string?[] names) => _world.Connect().Ask<AlterClientQuotasResponse>(
        new AlterClientQuotasRequest
        {
            Entries = [.. names.Select(name => new AlterClientQuotasRequest.EntryData
            {
                Entity = [new() { EntityType = "ip", EntityName = name }],
                Ops = [new() { Key = "connection_creation_rate", Value = 1000 }],
            })],
        },
        1).Entries;
}
