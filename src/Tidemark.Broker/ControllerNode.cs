using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Broker;

/// <summary>
/// A node with the role controller alone: a member of the metadata quorum, and the active controller while it leads. It holds no
/// partition, registers no broker, and serves on the controllers' listeners only; clients never see it.
/// </summary>
public sealed class ControllerNode : INode
{
    private readonly BrokerEnvironment _environment;
    private readonly MetadataDriver _driver;
    private readonly BrokerConfig _fileConfig;
    private readonly TaskCompletionSource _published = new();
    private bool _isLoaded;

    public ControllerNode(BrokerEnvironment environment, BrokerId node, string clusterId, BrokerConfig config, MetadataDriver driver, IBrokerLoggers loggers)
    {
        (_environment, _driver, _fileConfig) = (environment, driver, config);
        Cluster = new ClusterState(clusterId, node, config) { KRaftVersion = () => driver.KRaftVersion };
        Table = new DispatchTable(ControllerHandlers.ForControllers(driver, Cluster, loggers, environment, () => Table!));
        Acceptor = new BrokerAcceptor(Table, Table, config.GetList("controller.listener.names"), environment.Logs, environment.Time);
    }

    public BrokerAcceptor Acceptor { get; }

    public ClusterState Cluster { get; }

    /// <summary>What is served on every listener of this node.</summary>
    public DispatchTable Table { get; }

    public IReadOnlyList<ServedApi> Served => Table.Served;

    public IReadOnlyList<ServedApi> ServedToNodes => Table.Served;

    /// <summary>Never: what can fail is the metadata log, which the driver tells of.</summary>
    public Task<string> Failed { get; } = new TaskCompletionSource<string>().Task;

    public Action OnLoaded { get; set; } = () => { };

    /// <summary>Not called: no broker is taken in.</summary>
    public Action OnReady { get; set; } = () => { };

    /// <summary>Reads the metadata log and takes part in the quorum. Completes when this node knows the cluster, which takes a majority of the voters.</summary>
    public Task Start()
    {
        _driver.Load();
        _isLoaded = true;
        _driver.Start(Publish);
        OnLoaded();
        return _published.Task;
    }

    public async Task Leave(TimeSpan grace)
    {
        if (_isLoaded)
        {
            await _environment.Time.Within(_driver.Resign(), grace);
        }
    }

    public async Task Stop(TimeSpan grace)
    {
        if (_isLoaded)
        {
            _isLoaded = false;
            await _environment.Time.Within(Acceptor.Drain(), grace);
            _driver.Close();
        }
    }

    private void Publish(MetadataImage image)
    {
        BrokerConfig config = ReferenceEquals(Cluster.Image.Configs, image.Configs) ? Cluster.Config : image.BrokerConfig(Cluster.Self.Value, _fileConfig);
        Cluster.Take(image, config);
        _published.TrySetResult();
    }
}
