using System.Collections;
using System.IO.Compression;
using System.Reflection;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Metadata.Configuration;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Connections;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>What a client is told when the broker itself is at fault. TestData/refusals.tsv.gz holds what Apache Kafka's own classes answer.</summary>
public sealed class FailedHandlerTests
{
    private readonly Simulator.Simulation _world = new(3);

    [Fact]
    public void Every_api_answers_a_failure_where_its_clients_look_for_it()
    {
        DispatchTable table = WholeTable();
        var throwing = new DispatchTable(table.All.Select(handler => new Throwing(handler)));
        var acceptor = new BrokerAcceptor(throwing, throwing, [], _world.Environment.Logs, _world.Environment.Time);
        SimulatedConnection connection = _world.Connect(acceptor);
        var compared = new HashSet<ApiKey>();
        foreach ((ApiKey api, short version, byte[] request, byte[]? expected) in Rows())
        {
            if (table.Find((short)api) is not { } handler || version < handler.LowestVersion || version > handler.HighestVersion)
            {
                continue;
            }

            connection.SendRequest(Frame(api, version, request));
            byte[]? answer = connection.AwaitAnswer(BrokerWorld.Patience);
            if (expected is null)
            {
                Assert.Null(answer);
                Assert.True(connection.IsClosed);
                connection = _world.Connect(acceptor);
                continue;
            }

            Assert.False(connection.IsClosed, $"{api} {version}: {connection.CloseReason}");
            int header = sizeof(int) + (MessageCatalog.Api(api).ResponseHeaderVersion(version) > 0 ? 1 : 0);
            Assert.True(
                Comparable(api, version, expected).SequenceEqual(Comparable(api, version, answer![header..])),
                $"{api} {version} {Convert.ToHexString(request)}: {Convert.ToHexString(expected)} is Kafka's, {Convert.ToHexString(answer[header..])} ours");
            compared.Add(api);
        }

        Assert.Equal(table.Served.Select(s => s.Api).Order(), compared.Order());
    }

    [Fact]
    public void A_partition_that_cannot_be_read_or_written_fails_alone()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 2);
        TestClient client = world.Connect();
        Assert.Equal(ErrorCode.None, client.Produce("t", TestClient.Batch(), partition: 1).ErrorCode);
        Sabotage(world, new TopicPartition("t", 0));
        ProduceRequest produce = TestClient.ProduceOf("t", TestClient.Batch());
        produce.TopicData[0].PartitionData.Add(new() { Index = 1, Records = TestClient.Batch() });
        FetchRequest fetch = TestClient.FetchOf("t", 0);
        fetch.Topics[0].Partitions.Add(new() { Partition = 1, FetchOffset = 0, PartitionMaxBytes = 1 << 20 });

        ProduceResponse produced = client.Ask<ProduceResponse>(produce, 12);
        FetchResponse fetched = client.Ask<FetchResponse>(fetch, 9);

        Assert.Equal([ErrorCode.UnknownServerError, ErrorCode.None], produced.Responses[0].PartitionResponses.Select(p => p.ErrorCode));
        Assert.Equal([ErrorCode.UnknownServerError, ErrorCode.None], fetched.Responses[0].Partitions.Select(p => p.ErrorCode));
        Assert.Equal(2, fetched.Responses[0].Partitions[1].HighWatermark);
    }

    /// <summary>Takes away what a partition cannot do without for a write or a read, as no disk and no client could.</summary>
    private static void Sabotage(BrokerWorld world, TopicPartition name) =>
        typeof(Broker.Partitions.Partition).GetField("_services", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(world.Node.Partitions.Find(name), null);

    private DispatchTable WholeTable()
    {
        BrokerConfig config = BrokerConfig.Parse([KeyValuePair.Create("node.id", "1"), KeyValuePair.Create("process.roles", "broker,controller")], out _);
        LogDirectory directory = LogDirectory.Open(_world.Disk, "/data");
        var driver = new MetadataDriver(_world.Environment, new QuorumOptions(1, BrokerWorld.ClusterId, "/data", directory.Id, config, () => []));
        var membership = new NodeMembership(_world.Environment, driver, new BrokerId(1), BrokerWorld.ClusterId, config);
        return new BrokerNode(
            _world.Environment,
            new BrokerOptions(new BrokerId(1), BrokerWorld.ClusterId, config, () => []),
            [directory],
            membership,
            node => ControllerHandlers.All(driver, membership.Channel, node.Cluster, new NoLoggers(), _world.Environment, () => node.ControllerTable)).Table;
    }

    private static IEnumerable<(ApiKey Api, short Version, byte[] Request, byte[]? Answer)> Rows()
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "TestData", "refusals.tsv.gz"));
        using var lines = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        while (lines.ReadLine() is { } line)
        {
            string[] fields = line.Split('\t');
            yield return (
                (ApiKey)short.Parse(fields[0], System.Globalization.CultureInfo.InvariantCulture),
                short.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture),
                Convert.FromHexString(fields[2]),
                fields[3] == "none" ? null : Convert.FromHexString(fields[3]));
        }
    }

    private static byte[] Frame(ApiKey api, short version, byte[] body)
    {
        using var writer = new WireWriter();
        writer.WriteInt16((short)api);
        writer.WriteInt16(version);
        writer.WriteInt32(1);
        writer.WriteNullableString("test", compact: false);
        if (MessageCatalog.Api(api).IsFlexible(version))
        {
            writer.WriteVarUInt32(0);
        }

        return [.. writer.WrittenSpan, .. body];
    }

    /// <summary>The answer's bytes without the texts of errors, in which no client looks, and with what Kafka tells in no order in order.</summary>
    private static byte[] Comparable(ApiKey api, short version, byte[] answer)
    {
        var reader = new WireReader(answer);
        IMessage message = MessageCatalog.ReadResponse((short)api, ref reader, version);
        Assert.Equal(0, reader.Remaining);
        DropTexts(message);
        if (message is AlterUserScramCredentialsResponse users)
        {
            users.Results.Sort((a, b) => string.CompareOrdinal(a.User, b.User));
        }
        else if (message is WriteTxnMarkersResponse markers)
        {
            markers.Markers.Sort((a, b) => a.ProducerId.CompareTo(b.ProducerId));
            foreach (WriteTxnMarkersResponse.WritableTxnMarkerResult marker in markers.Markers)
            {
                marker.Topics.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
                marker.Topics.ForEach(topic => topic.Partitions.Sort((a, b) => a.PartitionIndex.CompareTo(b.PartitionIndex)));
            }
        }
        else if (message is ProduceResponse produced)
        {
            produced.Responses.Sort((a, b) => (a.Name, a.TopicId.ToString()).CompareTo((b.Name, b.TopicId.ToString())));
            produced.Responses.ForEach(topic => topic.PartitionResponses.Sort((a, b) => a.Index.CompareTo(b.Index)));
        }

        using var writer = new WireWriter();
        message.Write(writer, version);
        return writer.WrittenSpan.ToArray();
    }

    private static void DropTexts(object message)
    {
        foreach (PropertyInfo property in message.GetType().GetProperties().Where(p => p is { CanWrite: true, CanRead: true } && p.GetIndexParameters().Length == 0))
        {
            if (property.Name == "ErrorMessage")
            {
                property.SetValue(message, null);
            }
            else if (property.GetValue(message) is IList list)
            {
                foreach (object each in list)
                {
                    if (each.GetType().IsClass && each is not string)
                    {
                        DropTexts(each);
                    }
                }
            }
        }
    }

    private sealed class Throwing(IRequestHandler inner) : IRequestHandler
    {
        public ApiKey Api => inner.Api;

        public short LowestVersion => inner.LowestVersion;

        public short HighestVersion => inner.HighestVersion;

        public void Handle(Request request) => throw new InvalidOperationException("as a bug would");

        public void Refuse(Request request, ErrorCode error) => inner.Refuse(request, error);
    }

    private sealed class NoLoggers : IBrokerLoggers
    {
        public IReadOnlyDictionary<string, string> Levels { get; } = new Dictionary<string, string>();

        public bool TrySet(string name, LoggerLevel level) => false;

        public bool TryUnset(string name) => false;
    }
}
