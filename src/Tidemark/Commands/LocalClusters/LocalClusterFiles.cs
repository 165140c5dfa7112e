using System.Globalization;
using System.Text;
using Tidemark.Client;
using Tidemark.Metadata.Image;
using Tidemark.Server.Configuration;
using Tidemark.Server.Lifecycle;
using Tidemark.Storage.Files;

namespace Tidemark.Commands.LocalClusters;

/// <summary>
/// The files of a cluster on one machine: a directory <c>nodeN</c> for each node, with its property file, its log and its data. Brokers
/// listen on the ports from the given one on, controllers on those behind them.
/// </summary>
/// <param name="Directory">Absolute.</param>
/// <param name="Host">The address for clients, without brackets.</param>
/// <param name="Racks">Dealt out to the brokers in turn; empty for none.</param>
internal sealed record LocalClusterFiles(
    string Directory, string Host, int Port, int Brokers, IReadOnlyList<string> Racks, IReadOnlyList<KeyValuePair<string, string>> Overrides)
{
    /// <summary>Enough that one may fail; more would only make every change of metadata wait for more of them.</summary>
    private const int ControllersMost = 3;

    public IEnumerable<int> Nodes => Enumerable.Range(1, Brokers);

    /// <summary>
    /// How many nodes are controllers too. Never another number than the directory was formatted for: controllers that join with empty
    /// logs could outvote the one that knows the cluster.
    /// </summary>
    public int Controllers { get; } = FormattedFor(Directory) ?? (Brokers < ControllersMost ? 1 : ControllersMost);

    public static string ConfigurationIn(string directory, int node) => Path.Combine(directory, $"node{node}", "server.properties");

    /// <summary>Whether the directory holds a cluster's nodes.</summary>
    public static bool AreIn(string directory) => File.Exists(ConfigurationIn(directory, 1));

    public string Configuration(int node) => ConfigurationIn(Directory, node);

    public string Log(int node) => Path.Combine(Directory, $"node{node}", "server.log");

    public BrokerAddress Address(int node) => new(Host, Port + node - 1);

    /// <summary>Writes all property files and formats what is new.</summary>
    /// <exception cref="ConfigurationException">The ports do not suffice, the directory is a single broker's, or a property is wrong.</exception>
    public void Prepare()
    {
        if (File.Exists(Path.Combine(Directory, "meta.properties")))
        {
            throw new ConfigurationException("--data", Directory, "it is the data of a single broker, as tidemark up without --brokers makes it; another directory is allowed");
        }

        if (Port + Brokers + Controllers - 1 > ushort.MaxValue)
        {
            throw new ConfigurationException("--port", Port.ToString(CultureInfo.InvariantCulture), $"{Brokers + Controllers} ports from this one on are needed");
        }

        string clusterId = ClusterId();
        foreach (int node in Nodes)
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(Configuration(node))!);
            File.WriteAllText(Configuration(node), Write(Properties(node)));
            NodeOptions options = NodeOptions.Read(Properties(node), out _);
            NodeDirectories.Format(new SystemDisk(), options, clusterId, MetadataVersion.Latest, new Dictionary<string, short>(), null, ignoreFormatted: true);
        }
    }

    private static int? FormattedFor(string directory) =>
        AreIn(directory) && PropertyFile.Read(ConfigurationIn(directory, 1)).LastOrDefault(p => p.Key == "controller.quorum.voters") is { Value: { } voters }
            ? voters.Split(',').Length
            : null;

    private static string Write(IEnumerable<KeyValuePair<string, string>> properties)
    {
        var text = new StringBuilder("# Written by tidemark up, which writes it anew each time; use --override there for properties of your own.\n");
        foreach ((string key, string value) in properties)
        {
            text.Append(CultureInfo.InvariantCulture, $"{key}={value.Replace("\\", "\\\\", StringComparison.Ordinal)}\n");
        }

        return text.ToString();
    }

    private string Data(int node) => Path.Combine(Directory, $"node{node}", "data");

    /// <summary>That of the nodes which are there; a new one for a new cluster.</summary>
    private string ClusterId()
    {
        foreach (int node in Nodes)
        {
            string file = Path.Combine(Data(node), "meta.properties");
            if (File.Exists(file) && PropertyFile.Read(file).LastOrDefault(p => p.Key == "cluster.id") is { Value: { Length: > 0 } id })
            {
                return id;
            }
        }

        return NodeDirectories.RandomId().ToString();
    }

    private List<KeyValuePair<string, string>> Properties(int node)
    {
        bool isController = node <= Controllers;
        string host = Host.Contains(':') ? $"[{Host}]" : Host;
        string clients = $"PLAINTEXT://{host}:{Port + node - 1}";
        string copies = Math.Min(3, Brokers).ToString(CultureInfo.InvariantCulture);
        string copiesToAcknowledge = Brokers < 3 ? "1" : "2";
        var properties = new List<KeyValuePair<string, string>>
        {
            new("process.roles", isController ? "broker,controller" : "broker"),
            new("node.id", node.ToString(CultureInfo.InvariantCulture)),
            new("listeners", isController ? $"{clients},CONTROLLER://127.0.0.1:{ControllerPort(node)}" : clients),
            new("controller.listener.names", "CONTROLLER"),
            new("controller.quorum.voters", string.Join(',', Enumerable.Range(1, Controllers).Select(c => $"{c}@127.0.0.1:{ControllerPort(c)}"))),
            new("log.dirs", Data(node)),
            new("default.replication.factor", copies),
            new("min.insync.replicas", copiesToAcknowledge),
            new("offsets.topic.replication.factor", copies),
            new("transaction.state.log.replication.factor", copies),
            new("transaction.state.log.min.isr", copiesToAcknowledge),
            new("share.coordinator.state.topic.replication.factor", copies),
            new("share.coordinator.state.topic.min.isr", copiesToAcknowledge),
            new("group.initial.rebalance.delay.ms", "0"),
        };
        if (Racks.Count > 0)
        {
            properties.Add(new("broker.rack", Racks[(node - 1) % Racks.Count]));
        }

        properties.AddRange(Overrides);
        return properties;
    }

    private int ControllerPort(int node) => Port + Brokers + node - 1;
}
