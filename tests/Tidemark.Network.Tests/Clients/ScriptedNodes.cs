using Tidemark.Client;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary>
/// Several brokers behind real sockets, numbered from 1, that answer what a test says. Without a script they know the topic <c>t</c> of two partitions, and
/// broker 1 coordinates everything.
/// </summary>
internal sealed class ScriptedNodes : IDisposable
{
    /// <summary>A port at which nobody listens.</summary>
    private const int DeadPort = 1;

    private readonly RunningNetwork[] _nodes;
    private readonly Dictionary<ApiKey, NodeScript> _scripts = [];
    private readonly Lock _lock = new();
    private readonly List<(int Node, ApiKey Api)> _requests = [];

    public ScriptedNodes(int count = 2)
    {
        _nodes = [.. Enumerable.Range(1, count).Select(id => new RunningNetwork(new EchoBroker { OnFrame = (connection, frame) => OnFrame(id, connection, frame) }))];
        On<MetadataRequest, MetadataResponse>((_, _) => Metadata());
        On<FindCoordinatorRequest, FindCoordinatorResponse>((_, request) => new() { Coordinators = [new() { Key = request.CoordinatorKeys[0], NodeId = 1 }] });
    }

    private delegate IMessage? NodeScript(int node, ref WireReader reader, short version);

    /// <summary>Who leads each partition of the topic; -1 for nobody. Each metadata answer takes the next, and keeps the last.</summary>
    public Queue<int[]> Leaders { get; } = new([[1, 2]]);

    /// <summary>Which brokers metadata names though nobody listens there; likewise one a metadata answer.</summary>
    public Queue<int[]> Gone { get; } = new([[]]);

    /// <summary>Brokers that metadata names at another port than their own.</summary>
    public Dictionary<int, int> Elsewhere { get; } = [];

    /// <summary>Brokers that take requests and answer none.</summary>
    public HashSet<int> Silent { get; } = [];

    public ClientOptions ClientOptions => new()
    {
        BootstrapServers = [.. _nodes.Select(node => new BrokerAddress("127.0.0.1", node.Port))],
        RetryBackoff = TimeSpan.FromMilliseconds(2),
    };

    /// <summary>Says what to answer; null closes the connection without an answer.</summary>
    public void On<TRequest, TResponse>(Func<int, TRequest, TResponse?> answer)
        where TRequest : class, IMessage<TRequest>, IApiRequest, new()
        where TResponse : class, IMessage<TResponse>, IApiResponse =>
        _scripts[new TRequest().Api] = (int node, ref WireReader reader, short version) => answer(node, TRequest.Read(ref reader, version));

    /// <summary>The same, one answer after another and the last for ever.</summary>
    public void On<TRequest, TResponse>(params TResponse?[] answers)
        where TRequest : class, IMessage<TRequest>, IApiRequest, new()
        where TResponse : class, IMessage<TResponse>, IApiResponse
    {
        var rest = new Queue<TResponse?>(answers);
        On<TRequest, TResponse>((_, _) => Next(rest));
    }

    /// <summary>The brokers that got such a request, in the order in which they did.</summary>
    public int[] Asked(ApiKey api)
    {
        lock (_lock)
        {
            return [.. _requests.Where(request => request.Api == api).Select(request => request.Node)];
        }
    }

    public void Dispose()
    {
        foreach (RunningNetwork node in _nodes)
        {
            node.Dispose();
        }
    }

    private static T Next<T>(Queue<T> rest) => rest.Count > 1 ? rest.Dequeue() : rest.Peek();

    private void OnFrame(int node, EchoBroker.Handler connection, Broker.Connections.InboundFrame frame)
    {
        bool closes = false;
        ScriptedFrames.Serve(connection, frame, (ApiKey api, ref WireReader reader, short version) =>
        {
            lock (_lock)
            {
                _requests.Add((node, api));
                if (Silent.Contains(node))
                {
                    return (null, version);
                }

                IMessage? response = api == ApiKey.ApiVersions ? Versions() : _scripts[api](node, ref reader, version);
                closes = response is null;
                return (response, version);
            }
        });
        if (closes)
        {
            connection.Transport.Close("the script says so");
        }
    }

    private ApiVersionsResponse Versions() => new()
    {
        ApiKeys =
        [
            .. _scripts.Keys.Append(ApiKey.ApiVersions).Select(MessageCatalog.Api)
                .Select(api => new ApiVersionsResponse.ApiVersion { ApiKey = (short)api.Key, MinVersion = api.LowestVersion, MaxVersion = api.HighestStableVersion }),
        ],
    };

    private MetadataResponse Metadata()
    {
        int[] gone = Next(Gone);
        return new()
        {
            ControllerId = 1,
            Brokers = [.. _nodes.Select((node, index) => new MetadataResponse.MetadataResponseBroker { NodeId = index + 1, Host = "127.0.0.1", Port = gone.Contains(index + 1) ? DeadPort : Elsewhere.GetValueOrDefault(index + 1, node.Port) })],
            Topics =
            [
                new()
                {
                    Name = "t",
                    TopicId = new(1, 2),
                    Partitions = [.. Next(Leaders).Select((leader, index) => new MetadataResponse.MetadataResponsePartition { PartitionIndex = index, LeaderId = leader, ReplicaNodes = [1, 2], IsrNodes = [1, 2] })],
                },
            ],
        };
    }
}
