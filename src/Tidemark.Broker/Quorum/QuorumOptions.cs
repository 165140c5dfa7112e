using System.Globalization;
using Tidemark.Broker.Links;
using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;

namespace Tidemark.Broker.Quorum;

/// <summary>What the metadata quorum's driver is started with.</summary>
/// <param name="NodeId"><c>node.id</c></param>
/// <param name="ClusterId">As in meta.properties.</param>
/// <param name="Directory">The log directory that holds the metadata log: <c>metadata.log.dir</c>, or the first of <c>log.dirs</c>.</param>
/// <param name="DirectoryId">That directory's id.</param>
/// <param name="Config">The node's configuration as its file says.</param>
/// <param name="ControllerEndpoints">Where this controller listens, for its registration; asked for when it registers.</param>
/// <param name="IsController">False for a node that only observes the quorum.</param>
public sealed record QuorumOptions(
    int NodeId,
    string ClusterId,
    string Directory,
    Uuid DirectoryId,
    BrokerConfig Config,
    Func<IReadOnlyList<EndpointImage>> ControllerEndpoints,
    bool IsController = true)
{
    /// <summary>The directory of the metadata log's only partition.</summary>
    public string LogDirectory => Path.Combine(Directory, "__cluster_metadata-0");

    /// <summary>The listener on which controllers reach each other: the first of <c>controller.listener.names</c>.</summary>
    public string ControllerListenerName => Config.GetList("controller.listener.names") is [var first, ..] ? first.ToUpperInvariant() : "CONTROLLER";

    /// <summary><c>broker.session.timeout.ms</c></summary>
    public TimeSpan Session => TimeSpan.FromMilliseconds(Config.GetInt("broker.session.timeout.ms"));

    /// <summary><c>tidemark.broker.crash.detection.enable</c>: whether a broker whose process is seen to be gone is fenced at once.</summary>
    public bool DetectsCrashes { get; } = Config.GetBoolean("tidemark.broker.crash.detection.enable");

    /// <summary>The times of the quorum, as configured.</summary>
    public QuorumTimeouts Timeouts { get; } = new()
    {
        Election = TimeSpan.FromMilliseconds(Config.GetInt("controller.quorum.election.timeout.ms")),
        Fetch = TimeSpan.FromMilliseconds(Config.GetInt("controller.quorum.fetch.timeout.ms")),
        ElectionBackoffMax = TimeSpan.FromMilliseconds(Config.GetInt("controller.quorum.election.backoff.max.ms")),
        Request = TimeSpan.FromMilliseconds(Config.GetInt("controller.quorum.request.timeout.ms")),
        RetryBackoff = TimeSpan.FromMilliseconds(Config.GetInt("controller.quorum.retry.backoff.ms")),
    };

    /// <summary><c>controller.quorum.bootstrap.servers</c></summary>
    public IReadOnlyList<NodeAddress> BootstrapServers { get; } = [.. Config.GetList("controller.quorum.bootstrap.servers").Select(Address)];

    /// <summary>The voters as <c>controller.quorum.voters</c> fixes them; none where they stand in the log.</summary>
    public VoterSet FixedVoters()
    {
        List<Voter> voters = [];
        foreach (string each in Config.GetList("controller.quorum.voters"))
        {
            int at = each.IndexOf('@');
            NodeAddress address = Address(each[(at + 1)..]);
            voters.Add(new Voter(
                new ReplicaKey(new BrokerId(int.Parse(each.AsSpan(0, at), CultureInfo.InvariantCulture)), Uuid.Zero),
                [new VoterEndpoint(ControllerListenerName, address.Host, (ushort)address.Port)]));
        }

        if (voters.Count == 0 && BootstrapServers.Count == 0 && IsController)
        {
            // Nobody is named, so there is nobody else.
            voters.Add(new Voter(new ReplicaKey(new BrokerId(NodeId), Uuid.Zero), []));
        }

        return new VoterSet(0, voters);
    }

    private static NodeAddress Address(string text)
    {
        int colon = text.LastIndexOf(':');
        return new NodeAddress(text[..colon].Trim('[', ']'), int.Parse(text.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }
}

/// <summary>The broker of this process, as it registers itself.</summary>
/// <param name="Endpoints">Where clients and brokers reach it.</param>
/// <param name="Directories">The ids of its log directories that are online.</param>
/// <param name="PreviousEpoch">The epoch of its last life when that ended cleanly; -1 otherwise.</param>
public sealed record LocalBroker(IReadOnlyList<EndpointImage> Endpoints, string? Rack, IReadOnlyList<Uuid> Directories, long PreviousEpoch)
{
    /// <summary>What is sent to the controller.</summary>
    /// <param name="incarnation">Another one for each life of the process.</param>
    public BrokerRegistrationRequest ToRequest(BrokerId node, string clusterId, Uuid incarnation) => new()
    {
        BrokerId = node.Value,
        ClusterId = clusterId,
        IncarnationId = incarnation,
        Rack = Rack,
        LogDirs = [.. Directories.Order()],
        PreviousBrokerEpoch = PreviousEpoch,
        Listeners = [.. Endpoints.Select(each => new BrokerRegistrationRequest.Listener
        {
            Name = each.ListenerName,
            Host = each.Host,
            Port = each.Port,
            SecurityProtocol = each.SecurityProtocol,
        })],
        Features = [.. FeatureTable.Supported.Select(each => new BrokerRegistrationRequest.Feature
        {
            Name = each.Key,
            MinSupportedVersion = each.Value.Lowest,
            MaxSupportedVersion = each.Value.Highest,
        })],
    };
}
