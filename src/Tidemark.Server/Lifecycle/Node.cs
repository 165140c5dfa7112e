using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Tidemark.Broker;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Quorum;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Network;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Records.Compression;
using Tidemark.Server.Configuration;
using Tidemark.Server.Logging;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;

namespace Tidemark.Server.Lifecycle;

/// <summary>
/// One node, put together out of its parts: directories, network, quorum and broker. Starting takes directories and ports first, so that
/// what is in use by another process is found before anything is read; clients are let in when everything is loaded.
/// </summary>
public sealed partial class Node : IAsyncDisposable
{
    private static readonly TimeSpan s_drainMax = TimeSpan.FromSeconds(2);

    /// <summary>By then the clients that waited for the node have been served for the first time.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    /// <summary>A node that cannot reach its controller stops all the same, within the five seconds that a stop may take.</summary>
    private static readonly TimeSpan s_leaveMax = TimeSpan.FromSeconds(2);

    private readonly NodeOptions _options;
    private readonly ILogger _log;
    /// <summary>Kafka's users open thousands of connections; a limit that leaves fewer is worth a line.</summary>
    private const int FewConnections = 2000;

    private readonly Door _door = new();
    private readonly DescriptorShares _descriptors = DescriptorShares.OfProcess();
    private readonly IReadOnlyList<LogDirectory> _directories;
    private readonly NetworkServer _network;
    private readonly WorkThread? _turns;
    private readonly MetadataDriver _driver;
    private readonly INode _node;

    /// <summary>The metadata log is read while the rest of the node is put together: most of both is the runtime bringing in code for the first time.</summary>
    private readonly Task? _reading;
    private ITimer? _settling;

    /// <summary>Takes directories and ports.</summary>
    /// <exception cref="ConfigurationException">A directory is in use, not formatted, or another node's.</exception>
    /// <exception cref="NodeStartException">A port is in use.</exception>
    public Node(NodeOptions options, StreamLoggerFactory logs)
    {
        _options = options;
        _log = logs.CreateLogger("Tidemark.Server");
        var disk = new SystemDisk();
        _directories = NodeDirectories.Open(disk, options, _log);
        try
        {
            var buffers = new FrameBufferPool();
            _network = new NetworkServer(NetworkSettings.Of(options, _descriptors), _door, buffers, TimeProvider.System, logs);
            var background = new ThreadPoolBackground(logs);
            var environment = new BrokerEnvironment(
                new SystemTime(), disk, background, bytes => SystemRandom.Fill(bytes.Span), buffers, logs, _network.Connector)
            { LogFiles = _descriptors.Files, HasAddress = HostNames.HasAddress };
            LogDirectory metadata = _directories.First(d => d.Path == options.MetadataDirectory);
            string clusterId = metadata.Meta!.ClusterId;
            ClusterId = clusterId;
            _turns = new WorkThread("tidemark-quorum", background);
            _driver = new MetadataDriver(
                environment with { Time = _turns.Time }, new QuorumOptions(options.NodeId, clusterId, metadata.Path, metadata.Id, options.Config, ControllerEndpoints, options.IsController), _turns);
            _reading = Task.Run(_driver.Load);
            _node = options.IsBroker ? Broker(environment, logs) : new ControllerNode(environment, new BrokerId(options.NodeId), clusterId, options.Config, _driver, new BrokerLoggers(logs));
            _door.Inner = _node.Acceptor;
            _node.Cluster.ConfigChanged = UpdateLimits;
        }
        catch (ListenerBindException inUse)
        {
            Abandon();
            throw new NodeStartException(inUse.Message, inUse);
        }
        catch
        {
            Abandon();
            throw;
        }
    }

    public string ClusterId { get; }

    /// <summary>The APIs that the node answers.</summary>
    public IReadOnlyList<ServedApi> Served => _node.Served;

    /// <summary>The APIs that the node answers to other nodes, on the controllers' listeners.</summary>
    public IReadOnlyList<ServedApi> ServedToNodes => _node.ServedToNodes;

    /// <summary>Where clients are told to connect, with real ports; of a controller alone, where brokers and controllers are.</summary>
    public IReadOnlyList<Listener> Advertised => [.. (_options.IsBroker ? _options.Advertised : _options.AdvertisedControllers).Select(l => l.Port == 0 ? l with { Port = PortOf(l.Name) } : l)];

    /// <summary>Completes, with the reason, when the node can go on no longer.</summary>
    public Task<string> Failed { get; private set; } = new TaskCompletionSource<string>().Task;

    /// <summary>Loads everything and lets clients in.</summary>
    /// <exception cref="NodeStartException">What is on the disk cannot be used, or another process that was started together with this one has a port.</exception>
    public async Task StartAsync()
    {
        long began = Stopwatch.GetTimestamp();
        Failed = WatchAsync();
        try
        {
            // Other controllers have to reach this one before any of them can take a broker in.
            _node.OnLoaded = () => _network.Start(_options.ControllerListenerNames);
            _node.OnReady = _network.Start;
            await _reading!;
            await _node.Start();
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or TimeoutException or ListenerBindException)
        {
            throw new NodeStartException(failure.Message, failure);
        }

        _network.Start();
        LogReady(_log, _options.NodeId, ClusterId, string.Join(", ", Advertised), (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        WarnOfCodecs();
        WarnOfDescriptors();
        _settling = TimeProvider.System.CreateTimer(static _ => StartUpPages.Release(), null, s_settled, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes no more requests, answers those in hand, flushes and closes everything.</summary>
    public async Task StopAsync()
    {
        long began = Stopwatch.GetTimestamp();

        // While the leaderships go to others everyone is still served, or told who serves now.
        await _node.Leave(s_leaveMax);
        Task network = _network.StopAsync(s_drainMax);
        await _node.Stop(s_drainMax);
        await network;
        LogStopped(_log, (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    public async ValueTask DisposeAsync()
    {
        _settling?.Dispose();
        await _network.DisposeAsync();
        _turns?.Dispose();
        CloseDirectories();
    }

    /// <summary>A node that is a broker, and a controller too where it has that role.</summary>
    private BrokerNode Broker(BrokerEnvironment environment, StreamLoggerFactory logs)
    {
        var id = new BrokerId(_options.NodeId);
        var membership = new NodeMembership(environment, _driver, id, ClusterId, _options.Config);
        return new BrokerNode(
            environment,
            new BrokerOptions(id, ClusterId, _options.Config, BrokerEndpoints, _options.InterBrokerListenerName),
            [.. _directories.Where(d => _options.LogDirectories.Contains(d.Path))],
            membership,
            node => ControllerHandlers.All(_driver, membership.Channel, node.Cluster, new BrokerLoggers(logs), environment, () => node.ControllerTable));
    }

    private IReadOnlyList<EndpointImage> ControllerEndpoints() => [.. _options.AdvertisedControllers.Select(Endpoint)];

    private IReadOnlyList<EndpointImage> BrokerEndpoints() => [.. _options.Advertised.Select(Endpoint)];

    private EndpointImage Endpoint(Listener listener) =>
        new(listener.Name, listener.Host, (ushort)(listener.Port == 0 ? PortOf(listener.Name) : listener.Port), SecurityProtocol: 0);

    private int PortOf(string listenerName) => _network.Listeners.First(l => l.Name == listenerName).Port;

    private async Task<string> WatchAsync()
    {
        Task first = await Task.WhenAny(_node.Failed, _driver.Failed);
        return first == _node.Failed ? await _node.Failed : $"the metadata log failed: {(await _driver.Failed).Message}";
    }

    private void UpdateLimits(BrokerConfig config)
    {
        try
        {
            _network.UpdateLimits(_descriptors.Within(NetworkSettings.LimitsOf(config), _options.NodeListeners));
        }
        catch (ConfigurationException bad)
        {
            // The value came through the metadata log, where a host's name is only text; the limits of before stay in force.
            LogLimitsKept(_log, bad.Message);
        }
    }

    private void WarnOfDescriptors()
    {
        if (_descriptors.ConnectionsMax < FewConnections)
        {
            LogFewDescriptors(_log, _descriptors.Limit, _descriptors.ConnectionsMax);
        }
    }

    private void WarnOfCodecs()
    {
        foreach (CompressionCodec codec in CompressionCodecs.All)
        {
            if (CompressionCodecs.WhyUnavailable(codec) is { } why)
            {
                LogCodecMissing(_log, CompressionCodecs.Name(codec), why);
            }
        }
    }

    private void Abandon()
    {
        _turns?.Dispose();
        CloseDirectories();
    }

    private void CloseDirectories()
    {
        if (_reading is not null)
        {
            // Reading may mend what a crash left, which needs the lock on the directory. How it ended is told by the start.
            Task.WaitAny(_reading);
        }

        foreach (LogDirectory directory in _directories)
        {
            directory.Dispose();
        }
    }

    /// <summary>Ports are bound before there is a broker to enter.</summary>
    private sealed class Door : IConnectionAcceptor
    {
        public IConnectionAcceptor? Inner { get; set; }

        public IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport) => Inner!.Accept(info, transport);
    }

    [LoggerMessage(EventId = 5021, Level = LogLevel.Information, Message = "Node {Node} of cluster {Cluster} serves {Listeners}, {Milliseconds} ms after it began to load")]
    private static partial void LogReady(ILogger log, object node, string cluster, string listeners, object milliseconds);

    [LoggerMessage(EventId = 5022, Level = LogLevel.Information, Message = "Stopped in {Milliseconds} ms")]
    private static partial void LogStopped(ILogger log, object milliseconds);

    [LoggerMessage(EventId = 5023, Level = LogLevel.Warning, Message = "Compression with {Codec} is refused: {Why}")]
    private static partial void LogCodecMissing(ILogger log, string codec, string why);

    [LoggerMessage(EventId = 5024, Level = LogLevel.Warning, Message = "The limits on connections stay as they are: {Why}")]
    private static partial void LogLimitsKept(ILogger log, string why);

    [LoggerMessage(EventId = 5025, Level = LogLevel.Warning, Message = "The limit of {Limit} open files (ulimit -n) leaves room for {Connections} connections")]
    private static partial void LogFewDescriptors(ILogger log, long limit, int connections);
}
