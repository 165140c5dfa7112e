using System.Collections.Frozen;
using Tidemark.Metadata.Configuration;

namespace Tidemark.Server.Configuration;

/// <summary>
/// What a process is and where it listens: the property file, checked as a whole. Single values were checked by their keys;
/// here stand the rules that span several of them.
/// </summary>
/// <param name="Config">All keys, for the broker.</param>
/// <param name="Listeners">Where to listen, controller listeners included.</param>
/// <param name="ControllerListenerNames">Which of them belong to the controller.</param>
/// <param name="Advertised">What clients are told; port 0 stands for the port that the listener of that name gets. None for a controller alone.</param>
/// <param name="AdvertisedControllers">What brokers and other controllers are told; none without the role controller.</param>
/// <param name="LogDirectories">Absolute, in the order of the file.</param>
/// <param name="MetadataDirectory">Which directory holds the metadata log.</param>
public sealed record NodeOptions(
    BrokerConfig Config,
    int NodeId,
    IReadOnlyList<Listener> Listeners,
    IReadOnlyList<string> ControllerListenerNames,
    IReadOnlyList<Listener> Advertised,
    IReadOnlyList<Listener> AdvertisedControllers,
    string InterBrokerListenerName,
    IReadOnlyList<string> LogDirectories,
    string MetadataDirectory,
    string? Rack)
{
    private const string BrokerRole = "broker";
    private const string ControllerRole = "controller";

    /// <summary>Whether <c>process.roles</c> names the broker: otherwise the node holds no partitions and has no clients.</summary>
    public bool IsBroker => HasRole(Config, BrokerRole);

    /// <summary>Whether <c>process.roles</c> names the controller: otherwise the node only follows the metadata quorum.</summary>
    public bool IsController => HasRole(Config, ControllerRole);

    /// <summary>The listeners that only other nodes need: those of the controllers, and that of the brokers where clients have another one.</summary>
    public FrozenSet<string> NodeListeners { get; } = Listeners.Select(each => each.Name)
        .Where(name => ControllerListenerNames.Contains(name)
            || (name == InterBrokerListenerName && Listeners.Any(other => other.Name != name && !ControllerListenerNames.Contains(other.Name))))
        .ToFrozenSet();

    /// <summary>
    /// Whether there can be no other controller: nobody but this node looks after its broker. Where the voters stand in the metadata log more may come, so that it is never known.
    /// </summary>
    public bool IsAlone => IsController && Config.GetList("controller.quorum.voters").Length == 1;

    private const string Plaintext = "PLAINTEXT";

    /// <summary>Checks properties; a later one of the same key counts.</summary>
    /// <param name="warnings">What is odd but keeps no node from starting, one line each.</param>
    /// <exception cref="ConfigurationException">A node cannot start with this.</exception>
    public static NodeOptions Read(IEnumerable<KeyValuePair<string, string>> properties, out IReadOnlyList<string> warnings)
    {
        BrokerConfig config = BrokerConfig.Parse(properties, out IReadOnlyList<ConfigProblem> problems);
        warnings = [.. problems.Where(p => !p.IsFatal).Select(p => p.Message)];
        if (problems.FirstOrDefault(p => p.IsFatal) is { } fatal)
        {
            throw new ConfigurationException(fatal.Message);
        }

        CheckRoles(config);
        RefusePolicies(config);
        RefuseProtection(config);
        if (!config.GetList("group.coordinator.rebalance.protocols").Contains("classic"))
        {
            throw new ConfigurationException("group.coordinator.rebalance.protocols", config.GetString("group.coordinator.rebalance.protocols"), "classic must be in it, as with Kafka");
        }

        long queuedMax = config.GetLong("queued.max.request.bytes");
        if (queuedMax > 0 && queuedMax < config.GetInt("socket.request.max.bytes"))
        {
            throw new ConfigurationException("queued.max.request.bytes", $"{queuedMax}", "-1, or as much as socket.request.max.bytes and more is allowed");
        }

        IReadOnlyList<string> controllers = [.. config.GetList("controller.listener.names").Select(n => n.ToUpperInvariant())];
        IReadOnlyList<Listener> listeners = Listener.ParseList("listeners", config.GetString("listeners"));
        CheckListeners(config, listeners, controllers);
        int nodeId = config.GetInt("node.id");
        CheckQuorum(config, nodeId);
        IReadOnlyList<Listener> advertised = ReadAdvertised(config, listeners, controllers);
        string interBroker = ReadInterBroker(config, advertised, controllers);
        string[] directories = [.. config.LogDirectories.Select(Path.GetFullPath)];
        if (directories.Length == 0 || directories.Distinct().Count() != directories.Length)
        {
            throw new ConfigurationException("log.dirs", config.Find("log.dirs")?.Text, "one or more different directories are allowed, with commas between them");
        }

        string metadata = config.Find("metadata.log.dir") is { Text.Length: > 0 } own ? Path.GetFullPath(own.Text) : directories[0];
        return new NodeOptions(
            config,
            nodeId,
            listeners,
            controllers,
            [.. advertised.Where(l => !controllers.Contains(l.Name))],
            HasRole(config, ControllerRole) ? AdvertisedControllersOf(listeners, advertised, controllers) : [],
            interBroker,
            directories,
            metadata,
            config.Find("broker.rack")?.Text);
    }

    private static bool HasRole(BrokerConfig config, string role) => config.GetList("process.roles").Contains(role);

    private static void CheckRoles(BrokerConfig config)
    {
        var roles = config.GetList("process.roles");
        if (roles.IsEmpty || roles.Any(role => role is not (BrokerRole or ControllerRole)) || roles.Distinct().Count() != roles.Length)
        {
            throw new ConfigurationException("process.roles", config.GetString("process.roles"), "broker, controller, or broker,controller is allowed");
        }
    }

    /// <summary>Which listener brokers talk to each other on; a controller alone has none.</summary>
    private static string ReadInterBroker(BrokerConfig config, IReadOnlyList<Listener> advertised, IReadOnlyList<string> controllers)
    {
        string interBroker = config.Find("inter.broker.listener.name")?.Text.ToUpperInvariant() ?? Plaintext;
        if (HasRole(config, BrokerRole) && (advertised.All(l => l.Name != interBroker) || controllers.Contains(interBroker)))
        {
            string names = string.Join(", ", advertised.Where(l => !controllers.Contains(l.Name)).Select(l => l.Name));
            throw new ConfigurationException("inter.broker.listener.name", interBroker, $"one of the advertised listeners that is not the controller's is allowed: {names}");
        }

        return interBroker;
    }

    /// <summary>A controller's listener is told as advertised.listeners says, and without an entry there as it listens.</summary>
    private static IReadOnlyList<Listener> AdvertisedControllersOf(IReadOnlyList<Listener> listeners, IReadOnlyList<Listener> advertised, IReadOnlyList<string> controllers) =>
        [.. listeners.Where(l => controllers.Contains(l.Name)).Select(l => advertised.FirstOrDefault(told => told.Name == l.Name) ?? Reachable(l))];

    /// <summary>Whoever configures a policy relies on it, and it is a Java class: ignoring it would open what it keeps closed.</summary>
    private static void RefusePolicies(BrokerConfig config)
    {
        foreach (string key in new[] { "create.topic.policy.class.name", "alter.config.policy.class.name" })
        {
            if (config.Find(key) is { Text.Length: > 0 } policy)
            {
                throw new ConfigurationException(key, policy.Text, "only an empty value is allowed, because policies are Java classes and none can be run here");
            }
        }
    }

    /// <summary>What would protect a node and is not there yet must not be taken for being there.</summary>
    private static void RefuseProtection(BrokerConfig config)
    {
        if (config.Find("authorizer.class.name") is { Text.Length: > 0 } authorizer)
        {
            throw new ConfigurationException("authorizer.class.name", authorizer.Text, "only an empty value is allowed in this version, which would let everybody do everything");
        }

        if (config.GetString("security.inter.broker.protocol") is var protocol and not Plaintext)
        {
            throw new ConfigurationException("security.inter.broker.protocol", protocol, "only PLAINTEXT is allowed in this version");
        }

        if (config.Find("config.providers") is { Text.Length: > 0 } providers)
        {
            throw new ConfigurationException("config.providers", providers.Text, "only an empty value is allowed, because providers are Java classes and values would stay the places that they name");
        }
    }

    private static void CheckListeners(BrokerConfig config, IReadOnlyList<Listener> listeners, IReadOnlyList<string> controllers)
    {
        string all = config.GetString("listeners");
        if (listeners.Where(l => l.Port != 0).GroupBy(l => l.Port).FirstOrDefault(g => g.Count() > 1 && !IsOnePerFamily(g)) is { } same)
        {
            throw new ConfigurationException("listeners", all, $"each listener needs a port of its own, and {same.Key} comes twice");
        }

        string names = string.Join(", ", controllers);
        bool isBroker = HasRole(config, BrokerRole);
        bool isController = HasRole(config, ControllerRole);
        if (controllers.Count == 0)
        {
            throw new ConfigurationException("controller.listener.names", "", "at least one name is needed, for instance CONTROLLER");
        }

        if (!isBroker && !listeners.All(l => controllers.Contains(l.Name)))
        {
            throw new ConfigurationException("listeners", all, $"a node without the role broker has only listeners of controller.listener.names={names}");
        }

        if ((isBroker && listeners.All(l => controllers.Contains(l.Name))) || (isController && !listeners.Any(l => controllers.Contains(l.Name))))
        {
            throw new ConfigurationException("listeners", all, $"at least one listener for the controller (controller.listener.names={names}) and one for clients must be there");
        }

        if (!isController && listeners.Any(l => controllers.Contains(l.Name)))
        {
            throw new ConfigurationException("listeners", all, $"a node without the role controller has no listener of controller.listener.names={names}");
        }

        IReadOnlyDictionary<string, string> protocols = ReadProtocols(config, controllers);
        foreach (Listener listener in listeners)
        {
            if (!protocols.TryGetValue(listener.Name, out string? protocol))
            {
                throw new ConfigurationException("listener.security.protocol.map", config.GetString("listener.security.protocol.map"), $"an entry for listener {listener.Name} must be there");
            }

            if (protocol != Plaintext)
            {
                throw new ConfigurationException("listener.security.protocol.map", config.GetString("listener.security.protocol.map"), $"listener {listener.Name} is {protocol}, and only PLAINTEXT is allowed in this version");
            }
        }
    }

    // Two listeners may share a port when one is for IPv4 and one for IPv6.
    private static bool IsOnePerFamily(IEnumerable<Listener> same) =>
        same.Count() == 2 && same.All(l => System.Net.IPAddress.TryParse(l.Host, out _)) && same.Count(l => l.Host.Contains(':')) == 1;

    private static Dictionary<string, string> ReadProtocols(BrokerConfig config, IReadOnlyList<string> controllers)
    {
        string map = config.GetString("listener.security.protocol.map");
        var protocols = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string entry in map.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pair = entry.Split(':', StringSplitOptions.TrimEntries);
            if (pair.Length != 2 || pair[1].ToUpperInvariant() is not ("PLAINTEXT" or "SSL" or "SASL_PLAINTEXT" or "SASL_SSL"))
            {
                throw new ConfigurationException("listener.security.protocol.map", map, "NAME:PROTOCOL with commas between them is allowed, PROTOCOL one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL");
            }

            protocols[pair[0].ToUpperInvariant()] = pair[1].ToUpperInvariant();
        }

        // Without a map of one's own the controller's listeners are plain, as in Kafka, whatever they are called.
        if (!config.OfFile.ContainsKey("listener.security.protocol.map"))
        {
            foreach (string name in controllers)
            {
                protocols.TryAdd(name, Plaintext);
            }
        }

        return protocols;
    }

    private static void CheckQuorum(BrokerConfig config, int nodeId)
    {
        string voters = string.Join(',', config.GetList("controller.quorum.voters"));
        if (voters.Length == 0)
        {
            if (config.GetList("controller.quorum.bootstrap.servers").IsEmpty)
            {
                throw new ConfigurationException("controller.quorum.voters", "", $"set this or controller.quorum.bootstrap.servers, for instance controller.quorum.voters={nodeId}@127.0.0.1:9093");
            }

            return;
        }

        bool isVoter = false;
        foreach (string voter in voters.Split(','))
        {
            int at = voter.IndexOf('@');
            int colon = voter.LastIndexOf(':');
            if (at < 0 || colon < at || !int.TryParse(voter.AsSpan(0, at), out int id) || !ushort.TryParse(voter.AsSpan(colon + 1), out _))
            {
                throw new ConfigurationException("controller.quorum.voters", voters, "id@host:port with commas between them is allowed");
            }

            isVoter |= id == nodeId;
        }

        if (isVoter != HasRole(config, ControllerRole))
        {
            throw new ConfigurationException(
                "controller.quorum.voters",
                voters,
                isVoter ? $"node {nodeId} has not the role controller and must not be among them" : $"node {nodeId} has the role controller and must be among them");
        }
    }

    private static IReadOnlyList<Listener> ReadAdvertised(BrokerConfig config, IReadOnlyList<Listener> listeners, IReadOnlyList<string> controllers)
    {
        string written = config.Find("advertised.listeners")?.Text ?? "";
        IReadOnlyList<Listener> advertised = written.Length > 0
            ? Listener.ParseList("advertised.listeners", written)
            : [.. listeners.Where(l => !controllers.Contains(l.Name))];
        foreach (Listener listener in advertised)
        {
            if (written.Length > 0 && listener.Host is "0.0.0.0" or "::")
            {
                throw new ConfigurationException("advertised.listeners", written, $"{listener.Host} is no address to connect to; a host name or an address that clients reach is allowed");
            }

            if (listeners.All(l => l.Name != listener.Name))
            {
                throw new ConfigurationException("advertised.listeners", written, $"only names of listeners are allowed, and {listener.Name} is none");
            }
        }

        return [.. advertised.Select(Reachable)];
    }

    /// <summary>A listener on all interfaces is advertised by the name of the machine.</summary>
    private static Listener Reachable(Listener listener) => listener.Host is "" or "0.0.0.0" or "::" ? listener with { Host = MachineName() } : listener;

    private static string MachineName()
    {
        string name = System.Net.Dns.GetHostName();
        try
        {
            // A name that cannot be resolved here would send every client astray.
            return System.Net.Dns.GetHostAddresses(name).Length > 0 ? name : "localhost";
        }
        catch (System.Net.Sockets.SocketException)
        {
            return "localhost";
        }
    }
}
