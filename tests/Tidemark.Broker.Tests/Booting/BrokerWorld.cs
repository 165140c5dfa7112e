using System.Text;
using Tidemark.Broker.Connections;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Connections;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>A real broker on virtual time and a disk in memory, with a scripted quorum.</summary>
internal sealed class BrokerWorld
{
    public const string ClusterId = "AAAAAAAAAAAAAAAAAAAAAQ";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<IMetadataRecord> _records = [];
    private readonly KeyValuePair<string, string>[] _config;
    private readonly string[] _directories;

    public BrokerWorld(ulong seed = 1, string[]? directories = null, params (string Key, string Value)[] config)
    {
        World = new Simulator.Simulation(seed);
        _directories = directories ?? ["/data"];
        _config = [.. config.Select(c => KeyValuePair.Create(c.Key, c.Value))];
        Boot();
    }

    public Simulator.Simulation World { get; }

    public BrokerNode Node { get; private set; } = null!;

    public ScriptedQuorum Quorum { get; private set; } = null!;

    /// <summary>Starts the broker on what is on the disk.</summary>
    public void Boot()
    {
        BrokerConfig config = BrokerConfig.Parse(
            [KeyValuePair.Create("node.id", "1"), KeyValuePair.Create("process.roles", "broker,controller"), .. _config], out _);
        var directories = new List<LogDirectory>();
        foreach (string path in _directories)
        {
            LogDirectory directory = LogDirectory.Open(World.Disk, path);
            if (directory.Meta is null)
            {
                directory.Format(new MetaProperties(ClusterId, 1, new Uuid(9, (ulong)path.Length)));
            }

            directories.Add(directory);
        }

        Quorum = new ScriptedQuorum(_records);
        Node = new BrokerNode(World.Environment, new BrokerOptions(new BrokerId(1), ClusterId, config, () => [new("PLAINTEXT", "localhost", 9092, 0)]), directories, Quorum, _ => NodeHandlers.None);
        Run(Node.Start);
    }

    public void Stop()
    {
        Run(async () =>
        {
            await Node.Leave(TimeSpan.FromSeconds(5));
            await Node.Stop(TimeSpan.FromSeconds(5));
        });
    }

    /// <summary>Begins the work as an event of virtual time, so that its continuations are events too, and lets time pass until it is done.</summary>
    private void Run(Func<Task> work)
    {
        Task? task = null;
        World.Time.Post(TimeSpan.Zero, () => task = work());
        Assert.True(World.RunUntil(() => task is { IsCompleted: true }, Patience));
        task!.GetAwaiter().GetResult();
    }

    public TestClient Connect() => new(World.Connect(Node.Acceptor));
}

/// <summary>A client that speaks messages over a simulated connection.</summary>
internal sealed class TestClient(SimulatedConnection connection)
{
    private int _correlation;

    public SimulatedConnection Connection => connection;

    public int Send(IApiMessage request, short version)
    {
        using var writer = new WireWriter();
        writer.WriteInt16((short)request.Api);
        writer.WriteInt16(version);
        writer.WriteInt32(++_correlation);
        writer.WriteNullableString("test", compact: false);
        if (MessageCatalog.Api(request.Api).IsFlexible(version))
        {
            writer.WriteVarUInt32(0);
        }

        request.Write(writer, version);
        connection.SendRequest(writer.WrittenSpan);
        return _correlation;
    }

    public T Ask<T>(IApiMessage request, short version)
        where T : IMessage<T>, IApiMessage
    {
        int correlation = Send(request, version);
        return Receive<T>(request.Api, version, correlation);
    }

    public T Receive<T>(ApiKey api, short version, int correlation)
        where T : IMessage<T>
    {
        byte[] answer = connection.AwaitAnswer(BrokerWorld.Patience) ?? throw new InvalidOperationException($"no answer: {connection.CloseReason}");
        var reader = new WireReader(answer);
        Assert.Equal(correlation, reader.ReadInt32());
        if (MessageCatalog.Api(api).ResponseHeaderVersion(version) > 0)
        {
            Assert.Equal(0, reader.ReadInt8());
        }

        T response = T.Read(ref reader, version);
        Assert.Equal(0, reader.Remaining);
        return response;
    }

    public ProduceResponse.PartitionProduceResponse Produce(
        string topic, byte[] batch, int partition = 0, short acks = -1, short version = 12) =>
        Assert.Single(Assert.Single(Ask<ProduceResponse>(ProduceOf(topic, batch, partition, acks), version).Responses).PartitionResponses);

    public static ProduceRequest ProduceOf(string topic, byte[] batch, int partition = 0, short acks = -1) => new()
    {
        Acks = acks,
        TimeoutMs = 5000,
        TopicData =
        [
            new() { Name = topic, PartitionData = [new() { Index = partition, Records = batch }] },
        ],
    };

    public static FetchRequest FetchOf(string topic, long offset, int partition = 0, int maxWaitMs = 0, int minBytes = 1, int maxBytes = 1 << 20) => new()
    {
        MaxWaitMs = maxWaitMs,
        MinBytes = minBytes,
        MaxBytes = maxBytes,
        Topics =
        [
            new() { Topic = topic, Partitions = [new() { Partition = partition, FetchOffset = offset, PartitionMaxBytes = maxBytes }] },
        ],
    };

    public FetchResponse.PartitionData Fetch(string topic, long offset, int partition = 0, int maxWaitMs = 0, short version = 12) =>
        Assert.Single(Assert.Single(Ask<FetchResponse>(FetchOf(topic, offset, partition, maxWaitMs), version).Responses).Partitions);

    public static byte[] Batch(int records = 1, int valueBytes = 10, long producerId = -1, short epoch = -1, int sequence = -1, long timestamp = 1_767_225_600_000)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions
        {
            ProducerId = new ProducerId(producerId),
            ProducerEpoch = epoch,
            BaseSequence = sequence,
        });
        for (int i = 0; i < records; i++)
        {
            builder.Append(timestamp + i, Encoding.UTF8.GetBytes($"k{i}"), new byte[valueBytes]);
        }

        var output = new System.Buffers.ArrayBufferWriter<byte>();
        builder.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }
}
