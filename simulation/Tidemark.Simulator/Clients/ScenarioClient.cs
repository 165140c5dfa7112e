using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Broker.Links;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Checking;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;
using Tidemark.Simulator.Disks;
using Tidemark.Simulator.Network;
using Tidemark.Simulator.Processes;
using Tidemark.Simulator.Scenarios;

namespace Tidemark.Simulator.Clients;

/// <summary>A client on a machine of its own: one process, one thing after another, until it is told to stop.</summary>
public abstract class ScenarioClient
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);
    private readonly NodeLinks _links;
    private readonly Dictionary<PartitionId, (int Leader, int Epoch)> _leaders = [];

    protected ScenarioClient(SimulatedCluster cluster, ScenarioTrace trace, History history, string name)
    {
        (Cluster, Trace, History, Name) = (cluster, trace, history, name);
        Random = cluster.Random.Fork();
        Host = cluster.Network.AddHost(name);
        Process = new SimulatedProcess(cluster.Time, Random.Fork(), () => false);
        Host.Enter = call => Process.Enter("network", call);
        _links = new NodeLinks(
            new BrokerEnvironment(
                Process.Clock, new MemoryDisk(Random.Fork()), Process, Random.Fork().Fill, new PoisoningMemoryPool(), NullLoggerFactory.Instance, Host.ConnectorForProcess()),
            new LinkOptions());
    }

    public string Name { get; }

    public SimulatedHost Host { get; }

    public SimulatedProcess Process { get; }

    /// <summary>Ends when it has stopped, and faults with what it found broken.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Begin nothing new; what is under way is brought to its end.</summary>
    public bool IsStopping { get; set; }

    protected SimulatedCluster Cluster { get; }

    protected ScenarioTrace Trace { get; }

    protected History History { get; }

    protected SeededRandom Random { get; }

    /// <summary>What the client knows of, in an order that no run changes.</summary>
    protected IReadOnlyList<PartitionId> Known { get; private set; } = [];

    public void Start() => Process.Enter("run", () => Running = Run());

    protected abstract Task Run();

    protected Task Rest(int shortestMs, int longestMs) => Task.Delay(TimeSpan.FromMilliseconds(Random.Between(shortestMs, longestMs)), Process.Clock);

    /// <summary>Asks a node; null when no answer came.</summary>
    protected Task<TResponse?> Ask<TRequest, TResponse>(int node, TRequest request, short lowest = 0, short highest = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : class, IApiResponse, IMessage<TResponse> =>
        Ask<TRequest, TResponse>(node, request, s_patience, lowest, highest);

    /// <summary>Asks a node; null when no answer came in time.</summary>
    protected async Task<TResponse?> Ask<TRequest, TResponse>(int node, TRequest request, TimeSpan patience, short lowest = 0, short highest = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : class, IApiResponse, IMessage<TResponse>
    {
        try
        {
            var address = new NodeAddress(Cluster[node].Host.Name, SimulatedNode.ClientPort);
            return await _links.To(address, "client").Send<TRequest, TResponse>(request, patience, lowest, highest);
        }
        catch (LinkException)
        {
            return null;
        }
    }

    /// <summary>A producer that nobody was before, for no transactions; null when none was given.</summary>
    protected async Task<(long Id, short Epoch)?> NewProducer() =>
        await Ask<InitProducerIdRequest, InitProducerIdResponse>(AnyNode(), new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 })
            is { ErrorCode: ErrorCode.None } answer ? (answer.ProducerId, answer.ProducerEpoch) : null;

    protected int AnyNode() => Random.Between(1, Cluster.Nodes.Count);

    protected int? LeaderOf(PartitionId partition) => _leaders.TryGetValue(partition, out (int Leader, int Epoch) known) && known.Leader > 0 ? known.Leader : null;

    /// <summary>The epoch in which the known leader leads.</summary>
    protected int EpochOf(PartitionId partition) => _leaders.TryGetValue(partition, out (int Leader, int Epoch) known) ? known.Epoch : -1;

    /// <summary>Learns from some node which topics there are and who leads them; what that node knows may be old.</summary>
    protected async Task Refresh()
    {
        MetadataResponse? answer = await Ask<MetadataRequest, MetadataResponse>(AnyNode(), new MetadataRequest { Topics = null, AllowAutoTopicCreation = false });
        if (answer is null || answer.Topics.Count == 0)
        {
            return;
        }

        _leaders.Clear();
        foreach (MetadataResponse.MetadataResponseTopic topic in answer.Topics.Where(topic => topic.ErrorCode == ErrorCode.None))
        {
            foreach (MetadataResponse.MetadataResponsePartition partition in topic.Partitions)
            {
                _leaders[new PartitionId(topic.Name!, topic.TopicId, partition.PartitionIndex)] = (partition.LeaderId, partition.LeaderEpoch);
            }
        }

        Known = [.. _leaders.Keys.OrderBy(each => each.Topic, StringComparer.Ordinal).ThenBy(each => each.Index)];
    }

    /// <summary>A partition out of those that are known, or null after having looked for some.</summary>
    protected async Task<PartitionId?> Choose()
    {
        if (Known.Count == 0 || Random.Chance(0.05))
        {
            await Refresh();
        }

        PartitionId[] open = [.. Known.Where(each => !CopyTopics.IsReserved(each.Topic))];
        return open.Length == 0 ? null : open[Random.Next(open.Length)];
    }
}
