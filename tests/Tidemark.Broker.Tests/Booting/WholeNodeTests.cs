using Tidemark.Broker.Cluster;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>Broker and controller in one process on virtual time: formatted, started, crashed and started again.</summary>
public sealed class WholeNodeTests
{
    private const string Data = "/data";

    [Fact]
    public void A_topic_and_its_records_survive_a_crash()
    {
        var world = new Simulator.Simulation(11);
        (BrokerNode node, IMetadataQuorum quorum) = Boot(world);
        Create(world, quorum, "t");
        var client = new TestClient(world.Connect(node.Acceptor));
        Assert.Equal(ErrorCode.None, client.Produce("t", TestClient.Batch(3)).ErrorCode);

        world.Disk.CrashNow(CrashKind.Process);
        world.Restart();
        (node, _) = Boot(world);
        FetchResponse.PartitionData fetched = new TestClient(world.Connect(node.Acceptor)).Fetch("t", 0);

        Assert.Equal(ErrorCode.None, fetched.ErrorCode);
        Assert.Equal(3, fetched.HighWatermark);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_the_disk()
    {
        Assert.Equal(Digest(), Digest());

        static string Digest()
        {
            var world = new Simulator.Simulation(5);
            (BrokerNode node, IMetadataQuorum quorum) = Boot(world);
            Create(world, quorum, "t");
            var client = new TestClient(world.Connect(node.Acceptor));
            for (int i = 0; i < 10; i++)
            {
                client.Produce("t", TestClient.Batch(2));
            }

            Run(world, async () =>
            {
                await node.Leave(TimeSpan.FromSeconds(5));
                await node.Stop(TimeSpan.FromSeconds(5));
            });
            return world.Disk.Digest();
        }
    }

    private static (BrokerNode Node, IMetadataQuorum Quorum) Boot(Simulator.Simulation world)
    {
        BrokerConfig config = BrokerConfig.Parse(
            [KeyValuePair.Create("node.id", "1"), KeyValuePair.Create("process.roles", "broker,controller"), KeyValuePair.Create("log.dirs", Data)], out _);
        MetadataFormat.Format(
            world.Disk,
            new FormatOptions(BrokerWorld.ClusterId, 1, [Data], Data, MetadataVersion.Latest, new Dictionary<string, short>(), null, true),
            world.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            () => new Uuid(3, 3));
        LogDirectory directory = LogDirectory.Open(world.Disk, Data);
        var driver = new MetadataDriver(world.Environment, new QuorumOptions(1, BrokerWorld.ClusterId, Data, directory.Id, config, () => []));
        var quorum = new NodeMembership(world.Environment, driver, new BrokerId(1), BrokerWorld.ClusterId, config);
        var node = new BrokerNode(
            world.Environment,
            new BrokerOptions(new BrokerId(1), BrokerWorld.ClusterId, config, () => [new("PLAINTEXT", "localhost", 9092, 0)]),
            [directory],
            quorum,
            _ => NodeHandlers.None);
        Run(world, node.Start);
        return (node, quorum);
    }

    private static void Create(Simulator.Simulation world, IMetadataQuorum quorum, string name) => Run(world, async () =>
    {
        var request = new CreateTopicsRequest { TimeoutMs = 1000, Topics = [new() { Name = name, NumPartitions = 1, ReplicationFactor = 1 }] };
        CreateTopicsResponse response = await quorum.CreateTopics(request);
        Assert.Equal(ErrorCode.None, response.Topics[0].ErrorCode);
    });

    private static void Run(Simulator.Simulation world, Func<Task> work)
    {
        Task? task = null;
        world.Time.Post(TimeSpan.Zero, () => task = work());
        Assert.True(world.RunUntil(() => task is { IsCompleted: true }, BrokerWorld.Patience));
        task!.GetAwaiter().GetResult();
    }
}
