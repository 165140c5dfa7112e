using System.Collections.Immutable;
using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests;

/// <summary>A controller without a log: commands are decided and their records applied at once.</summary>
internal sealed class World
{
    public const string ClusterId = "the-cluster";

    private readonly Random _random;

    public World(int seed = 1, int brokers = 0)
    {
        _random = new Random(seed);
        Apply(WriteFirstRecords.Decide(Context, []));
        for (int id = 1; id <= brokers; id++)
        {
            AddBroker(id);
        }
    }

    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    public BrokerConfig File { get; set; } = BrokerConfig.Empty;

    public BrokerSessions Sessions { get; } = new();

    public long NowMs { get; set; } = 1_000_000;

    /// <summary>Every record that was ever applied.</summary>
    public List<MetadataRecord> Log { get; } = [];

    public ControllerContext Context => new(Image, Image.BrokerConfig(1, File), 1, ClusterId, NowMs, Image.LastOffset + 1, NewId) { UptimeMs = NowMs };

    public T Do<T>(Func<ControllerContext, Decision<T>> decide)
    {
        Decision<T> decision = decide(Context);
        Apply(decision.Records);
        return decision.Response;
    }

    public void Apply(IReadOnlyList<MetadataRecord> records)
    {
        Log.AddRange(records);
        Image = Image.Apply(records, Image.LastOffset + records.Count, new LeaderEpoch(1), NowMs);
    }

    public long Register(int id, string? rack = null, long previousEpoch = -1, ushort port = 9092, Uuid? directory = null) => AskToRegister(id, rack, previousEpoch, port, directory).BrokerEpoch;

    public BrokerRegistrationResponse AskToRegister(int id, string? rack = null, long previousEpoch = -1, ushort port = 9092, Uuid? directory = null, string? cluster = null) => Do(context => RegisterBroker.Decide(
        context,
        new BrokerRegistrationRequest
        {
            BrokerId = id,
            ClusterId = cluster ?? ClusterId,
            IncarnationId = NewId(),
            Rack = rack,
            LogDirs = [directory ?? Directory(id)],
            Listeners = [new() { Name = "PLAINTEXT", Host = $"host{id}", Port = port }],
            PreviousBrokerEpoch = previousEpoch,
            Features = [.. FeatureTable.Supported.Select(each => new BrokerRegistrationRequest.Feature
            {
                Name = each.Key,
                MinSupportedVersion = each.Value.Lowest,
                MaxSupportedVersion = each.Value.Highest,
            })],
        },
        Sessions,
        isLocal: false));

    public void AddBroker(int id, string? rack = null)
    {
        Register(id, rack);
        Heartbeat(id);
    }

    public BrokerHeartbeatResponse Heartbeat(int id, bool fence = false, bool shutDown = false, params Uuid[] offline) => Do(context => BrokerHeartbeat.Decide(
        context,
        new BrokerHeartbeatRequest
        {
            BrokerId = id,
            BrokerEpoch = Image.Brokers[id].Epoch,
            CurrentMetadataOffset = Image.LastOffset.Value,
            WantFence = fence,
            WantShutDown = shutDown,
            OfflineLogDirs = [.. offline],
        },
        Sessions));

    /// <summary>The broker's session is over.</summary>
    public void Fence(int id)
    {
        if (Do(context => BrokerHeartbeat.Expire(context, id)))
        {
            Sessions.Fenced(id, Image.LastOffset);
        }
    }

    public TopicImage CreateTopic(string name, int partitions, short factor, params (string Name, string Value)[] configs)
    {
        CreateTopicsResponse response = Do(context => CreateTopics.Decide(context, new CreateTopicsRequest
        {
            Topics =
            [
                new CreateTopicsRequest.CreatableTopic
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = factor,
                    Configs = [.. configs.Select(each => new CreateTopicsRequest.CreatableTopicConfig { Name = each.Name, Value = each.Value })],
                },
            ],
        }));
        Assert.Equal(ErrorCode.None, response.Topics.Single().ErrorCode);
        return Image.Topics.Find(name)!;
    }

    public PartitionImage Partition(string topic, int id = 0) => Image.Topics.Find(topic)!.Partitions[id];

    public static Uuid Directory(int broker) => new(77, (ulong)broker);

    public static byte[] Encode(IEnumerable<MetadataRecord> records)
    {
        using var writer = new WireWriter();
        foreach (MetadataRecord record in records)
        {
            record.Write(writer);
        }

        return writer.WrittenSpan.ToArray();
    }

    public Uuid NewId()
    {
        byte[] bytes = new byte[16];
        _random.NextBytes(bytes);
        return Uuid.FromRandom(bytes);
    }
}
