using Tidemark.Broker.Cluster;
using Tidemark.Broker.Quorum;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>
/// A quorum whose log is a list of records that the test writes: enough to drive the broker without the controller. The records outlive
/// the broker, as the metadata log does.
/// </summary>
internal sealed class ScriptedQuorum(List<IMetadataRecord> records) : IMetadataQuorum
{
    public const int Node = 1;

    private Action<MetadataImage>? _publish;
    private long _producerIds;

    public MetadataImage Image { get; private set; } = MetadataImage.Empty;

    public MetadataImage Committed => Image;

    /// <summary>Whether what is written is committed and still on its way into the broker.</summary>
    public bool IsPublishingLate { get; set; }

    public bool AllocationFails { get; set; }

    public short KRaftVersion => 0;

    public MetadataImage Load()
    {
        foreach (IMetadataRecord record in records)
        {
            Image = Image.Apply(record);
        }

        return Image;
    }

    public void Start(Action<MetadataImage> publish)
    {
        _publish = publish;
        publish(Image);
    }

    public Task<long> Register(LocalBroker broker, Action ready)
    {
        long epoch = records.Count;
        var registration = new RegisterBrokerRecord { BrokerId = Node, BrokerEpoch = epoch, Fenced = false };
        registration.EndPoints.Add(new() { Name = "PLAINTEXT", Host = "localhost", Port = 9092 });
        Write(registration);
        return Task.FromResult(epoch);
    }

    public Task ReportOffline(IReadOnlyList<Uuid> directories) => Task.CompletedTask;

    /// <summary>What the broker told last of directories that take no new partitions.</summary>
    public IReadOnlyList<Uuid> Cordoned { get; private set; } = [];

    public Task ReportCordoned(IReadOnlyList<Uuid> directories)
    {
        Cordoned = directories;
        return Task.CompletedTask;
    }

    public bool WasAskedToLetGo { get; private set; }

    public Task BeginShutdown()
    {
        WasAskedToLetGo = true;
        return Task.CompletedTask;
    }

    public void Stop()
    {
    }

    public void Write(params IMetadataRecord[] more)
    {
        foreach (IMetadataRecord record in more)
        {
            records.Add(record);
            Image = Image.Apply(record);
        }

        if (!IsPublishingLate)
        {
            _publish!(Image);
        }
    }

    public Uuid CreateTopic(string name, int partitions = 1, params (string Key, string Value)[] configs)
    {
        var id = new Uuid(7, (ulong)(records.Count + 1));
        List<IMetadataRecord> all = [new TopicRecord { Name = name, TopicId = id }];
        for (int i = 0; i < partitions; i++)
        {
            all.Add(new PartitionRecord
            {
                PartitionId = i,
                TopicId = id,
                Replicas = [Node],
                Isr = [Node],
                Leader = Node,
                LeaderEpoch = 0,
                PartitionEpoch = 0,
            });
        }

        foreach ((string key, string value) in configs)
        {
            all.Add(new ConfigRecord { ResourceType = 2, ResourceName = name, Name = key, Value = value });
        }

        Write([.. all]);
        return id;
    }

    public ValueTask<CreateTopicsResponse> CreateTopics(CreateTopicsRequest request)
    {
        foreach (CreateTopicsRequest.CreatableTopic topic in request.Topics)
        {
            CreateTopic(topic.Name, Math.Max(1, topic.NumPartitions));
        }

        return new(new CreateTopicsResponse());
    }

    public Task Resign() => Task.CompletedTask;

    public IServingLease Lease { get; } = new LeaseOfAlone();

    public ValueTask<AlterPartitionResponse> AlterPartition(AlterPartitionRequest request) =>
        new(new AlterPartitionResponse { ErrorCode = ErrorCode.NotController });

    public ValueTask<AssignReplicasToDirsResponse> AssignDirectories(AssignReplicasToDirsRequest request) => new(new AssignReplicasToDirsResponse());

    public ValueTask<AllocateProducerIdsResponse> AllocateProducerIds(AllocateProducerIdsRequest request)
    {
        if (AllocationFails)
        {
            return new(new AllocateProducerIdsResponse { ErrorCode = ErrorCode.NotController });
        }

        long start = _producerIds;
        _producerIds += 1000;
        return new(new AllocateProducerIdsResponse { ProducerIdStart = start, ProducerIdLen = 1000 });
    }
}
