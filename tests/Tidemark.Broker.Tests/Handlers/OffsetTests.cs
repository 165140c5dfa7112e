using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>Committed offsets through the whole of a broker: request, coordinator, log, and back after a restart.</summary>
public sealed class OffsetTests
{
    private static readonly string[] s_groups = [.. Enumerable.Range(0, 9).Select(i => $"group-{i}")];

    private readonly BrokerWorld _world = new();
    private readonly TestClient _client;

    public OffsetTests()
    {
        _world.Quorum.CreateTopic("t", 3);
        _world.Quorum.CreateTopic("__consumer_offsets", 4);
        _client = _world.Connect();
        Assert.True(_world.World.RunUntil(() => s_groups.Append("g").All(g => Fetch(_client, 8, g).ErrorCode == ErrorCode.None), BrokerWorld.Patience));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(9)]
    public void An_offset_is_committed_and_fetched_in_every_form_of_the_requests(short version)
    {
        Assert.Equal(ErrorCode.None, Commit("g", 41, version));

        OffsetFetchResponse old = _client.Ask<OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = "g", Topics = [new() { Name = "t", PartitionIndexes = [1, 2] }] }, 1);
        Assert.Equal([41L, -1L], old.Topics[0].Partitions.Select(p => p.CommittedOffset));
        Assert.Equal(41, Assert.Single(_client.Ask<OffsetFetchResponse>(new OffsetFetchRequest { GroupId = "g", Topics = null }, 7).Topics).Partitions[0].CommittedOffset);
        Assert.Equal(41, Fetch(_client, 9, "g").Topics[0].Partitions[0].CommittedOffset);
    }

    [Fact]
    public void Several_groups_are_asked_for_in_one_request_and_answered_in_its_order()
    {
        foreach (string group in s_groups)
        {
            Commit(group, group[^1], 9);
        }

        OffsetFetchResponse response = _client.Ask<OffsetFetchResponse>(
            new OffsetFetchRequest { Groups = [.. s_groups.Select(g => new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = g, Topics = null })] }, 9);

        Assert.Equal(s_groups, response.Groups.Select(g => g.GroupId));
        Assert.Equal(s_groups.Select(g => (long)g[^1]), response.Groups.Select(g => g.Topics[0].Partitions[0].CommittedOffset));
    }

    [Fact]
    public void Offsets_that_were_committed_before_Kafka_0_11_are_known()
    {
        Commit("g", 41, 9);
        _world.Stop();
        foreach (DiskEntry directory in _world.World.Disk.List("/data").Where(entry => entry.Name.StartsWith("__consumer_offsets", StringComparison.Ordinal)))
        {
            using IDiskFile log = _world.World.Disk.OpenFile($"/data/{directory.Name}/00000000000000000000.log", DiskOpen.Existing);
            byte[] batches = new byte[log.Length];
            log.Read(0, batches);
            byte[] messages = LegacyMessages.Of(batches);
            log.SetLength(0);
            log.Write(0, messages);
        }

        _world.Boot();
        TestClient client = _world.Connect();
        Assert.True(_world.World.RunUntil(() => Fetch(client, 8, "g").ErrorCode == ErrorCode.None, BrokerWorld.Patience));
        Assert.Equal(41, Fetch(client, 8, "g").Topics[0].Partitions[0].CommittedOffset);
    }

    [Fact]
    public void Offsets_outlive_the_broker()
    {
        Commit("g", 41, 9);
        Commit("g", 42, 9);
        _world.Stop();
        _world.Boot();
        TestClient client = _world.Connect();

        Assert.True(_world.World.RunUntil(() => Fetch(client, 8, "g").ErrorCode == ErrorCode.None, BrokerWorld.Patience));
        Assert.Equal(42, Fetch(client, 8, "g").Topics[0].Partitions[0].CommittedOffset);
    }

    [Fact]
    public void Offsets_are_deleted_partition_by_partition()
    {
        Commit("g", 41, 9);
        var asked = new OffsetDeleteRequest { GroupId = "g", Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1 }, new() { PartitionIndex = 7 }] }] };

        OffsetDeleteResponse response = _client.Ask<OffsetDeleteResponse>(asked, 0);

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], response.Topics[0].Partitions.Select(p => p.ErrorCode));
        Assert.Empty(Fetch(_client, 8, "g").Topics);
        Assert.Equal(ErrorCode.InvalidGroupId, _client.Ask<OffsetDeleteResponse>(new OffsetDeleteRequest(), 0).ErrorCode);
    }

    private static OffsetFetchResponse.OffsetFetchResponseGroup Fetch(TestClient client, short version, string group) =>
        client.Ask<OffsetFetchResponse>(new OffsetFetchRequest { Groups = [new() { GroupId = group, Topics = null }] }, version).Groups[0];

    private ErrorCode Commit(string group, long offset, short version) => _client.Ask<OffsetCommitResponse>(
        new OffsetCommitRequest
        {
            GroupId = group,
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1, CommittedOffset = offset }] }],
        },
        version).Topics[0].Partitions[0].ErrorCode;
}
