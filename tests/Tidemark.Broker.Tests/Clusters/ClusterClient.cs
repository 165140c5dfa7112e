using System.Text;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Disks;
using Tidemark.Simulator.Network;
using Tidemark.Simulator.Processes;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A client of a simulated cluster on a host of its own, which asks one question after another and lets time pass until each is answered.</summary>
internal sealed class ClusterClient
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly SimulatedCluster _cluster;
    private readonly SimulatedProcess _process;
    private readonly NodeLinks _links;

    public ClusterClient(SimulatedCluster cluster, string name = "client")
    {
        _cluster = cluster;
        SimulatedHost host = cluster.Network.AddHost(name);
        _process = new SimulatedProcess(cluster.Time, cluster.Random.Fork(), () => false);
        host.Enter = call => _process.Enter("network", call);
        SeededRandom random = cluster.Random.Fork();
        _links = new NodeLinks(
            new BrokerEnvironment(
                _process.Clock, new MemoryDisk(random.Fork()), _process, random.Fork().Fill, new PoisoningMemoryPool(),
                Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, host.ConnectorForProcess()),
            new LinkOptions());
    }

    /// <summary>The client's clock.</summary>
    public TimeProvider Clock => _process.Clock;

    /// <summary>Any of the nodes whose process runs: a client's connection to one that does not is refused at once, and it asks the next.</summary>
    public int Some()
    {
        SimulatedNode[] running = [.. _cluster.Nodes.Where(node => node.IsRunning)];
        return running.Length == 0 ? 1 : running[_cluster.Random.Next(running.Length)].Id;
    }

    /// <summary>Runs something as the client's process.</summary>
    public void Enter(Action work) => _process.Enter("client", work);

    /// <summary>What failed in the client itself.</summary>
    public IReadOnlyList<(string Name, Exception Error)> Failures => _process.Failures;

    /// <summary>Asks a node, from within the client's process. Throws what the link throws.</summary>
    public ValueTask<TResponse> Send<TRequest, TResponse>(int node, TRequest request, TimeSpan timeout, short highest = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse> =>
        _links.To(new NodeAddress(_cluster[node].Host.Name, SimulatedNode.ClientPort), "load").Send<TRequest, TResponse>(request, timeout, highestVersion: highest);

    /// <summary>Asks a node and waits. Throws what the link throws.</summary>
    public TResponse Ask<TRequest, TResponse>(int node, TRequest request, short highest = short.MaxValue, int port = SimulatedNode.ClientPort)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse>
    {
        Task<TResponse>? answer = null;
        var address = new NodeAddress(_cluster[node].Host.Name, port);
        _process.Enter("ask", () => answer = _links.To(address, "test").Send<TRequest, TResponse>(request, s_patience, highestVersion: highest).AsTask());
        Assert.True(_cluster.RunUntil(() => answer!.IsCompleted, s_patience * 2));
        return answer!.GetAwaiter().GetResult();
    }

    public ErrorCode CreateTopic(int node, string name, int partitions, short replicas, params (string Key, string Value)[] configs) =>
        Ask<CreateTopicsRequest, CreateTopicsResponse>(node, new CreateTopicsRequest
        {
            TimeoutMs = 10_000,
            Topics =
            [
                new()
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = replicas,
                    Configs = [.. configs.Select(each => new CreateTopicsRequest.CreatableTopicConfig { Name = each.Key, Value = each.Value })],
                },
            ],
        }).Topics[0].ErrorCode;

    public ProduceResponse.PartitionProduceResponse Produce(int node, string topic, string value, short acks = -1)
    {
        using var builder = new RecordBatchBuilder();
        builder.Append(_cluster.Time.GetUtcNow().ToUnixTimeMilliseconds(), default, Encoding.ASCII.GetBytes(value));
        return Ask<ProduceRequest, ProduceResponse>(
            node,
            new ProduceRequest
            {
                Acks = acks,
                TimeoutMs = 5_000,
                TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = builder.Build().ToArray() }] }],
            },
            highest: 12).Responses[0].PartitionResponses[0];
    }

    /// <summary>Asks for what comes after an offset of partition 0, and goes on; the node waits 20 s for it.</summary>
    public Task<FetchResponse> AwaitRecord(int node, string topic, long offset)
    {
        Task<FetchResponse>? waiting = null;
        var request = new FetchRequest
        {
            MaxWaitMs = 20_000,
            MinBytes = 1,
            MaxBytes = 1 << 20,
            Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, FetchOffset = offset, PartitionMaxBytes = 1 << 20 }] }],
        };
        Enter(() => waiting = Send<FetchRequest, FetchResponse>(node, request, TimeSpan.FromSeconds(30), highest: 12).AsTask());
        return waiting!;
    }

    /// <summary>The values of partition 0 from its start to its high watermark, as a consumer reads them at the node.</summary>
    public string Read(int node, string topic)
    {
        FetchResponse.PartitionData data = Ask<FetchRequest, FetchResponse>(
            node,
            new FetchRequest
            {
                MaxWaitMs = 0,
                MinBytes = 0,
                Topics = [new() { Topic = topic, Partitions = [new() { Partition = 0, FetchOffset = 0, PartitionMaxBytes = 1 << 20 }] }],
            },
            highest: 12).Responses[0].Partitions[0];
        Assert.Equal(ErrorCode.None, data.ErrorCode);
        var text = new StringBuilder();
        var walk = new BatchWalk(data.Records!.Value.Span);
        while (walk.MoveNext())
        {
            var reader = new RecordReader(walk.Current, walk.Current.Payload);
            while (reader.MoveNext(out RecordView record))
            {
                text.Append(text.Length == 0 ? "" : " ").Append(Encoding.ASCII.GetString(record.Value.Span));
            }
        }

        return text.ToString();
    }
}
