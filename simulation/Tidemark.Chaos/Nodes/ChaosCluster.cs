using Tidemark.Chaos.Networks;
using Tidemark.Client;

namespace Tidemark.Chaos.Nodes;

/// <summary>The nodes with all that they stand on: network, disks and directories.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const int Size = 3;
    private const string ClusterId = "VGlkZW1hcmtDaGFvczAwMQ";

    private ChaosCluster(string home, INodeNetwork network, IReadOnlyList<ChaosNode> nodes) => (Home, Network, Nodes) = (home, network, nodes);

    public string Home { get; }

    public INodeNetwork Network { get; }

    public IReadOnlyList<ChaosNode> Nodes { get; }

    public IReadOnlyList<BrokerAddress> Addresses => [.. Nodes.Select(node => BrokerAddress.Parse(Network.Of(node.Id).AdvertisedBroker))];

    public string Bootstrap => string.Join(',', Addresses);

    /// <summary>Makes everything and starts the nodes.</summary>
    /// <param name="say">Told what this machine does not allow.</param>
    /// <exception cref="InvalidOperationException">Namespaces were asked for and cannot be had, or the nodes cannot be formatted.</exception>
    public static async Task<ChaosCluster> StartAsync(ChaosOptions options, Action<string> say)
    {
        string home = Directory.CreateDirectory(Path.Combine(options.Directory, $"tidemark-chaos-{Guid.NewGuid().ToString("N")[..12]}")).FullName;
        INodeNetwork network = await NetworkAsync(options, say);
        var nodes = new List<ChaosNode>();
        var cluster = new ChaosCluster(home, network, nodes);
        try
        {
            for (int id = 1; id <= Size; id++)
            {
                string own = Path.Combine(home, $"node{id}");
                SmallDisk? disk = await SmallDisk.TryMountAsync(Path.Combine(own, "disk"));
                nodes.Add(new ChaosNode(id, own, options.Program, network, disk));
            }

            if (nodes[0].Disk is null)
            {
                say("no disks that can be filled: this machine does not let us mount a file system");
            }

            string voters = string.Join(',', nodes.Select(node => $"{node.Id}@{network.Of(node.Id).AdvertisedController}"));
            foreach (ChaosNode node in nodes)
            {
                // Small segments, so that there are many of them; a short flush of checkpoints, so that a loss of power takes something but not all.
                await node.FormatAsync(ClusterId,
                [
                    $"controller.quorum.voters={voters}", "offsets.topic.replication.factor=3", "default.replication.factor=3", "min.insync.replicas=2",
                    "log.segment.bytes=1048576", "log.flush.offset.checkpoint.interval.ms=5000", "log.retention.ms=-1",
                ]);
            }

            foreach (ChaosNode node in nodes)
            {
                node.Start();
                network.Started(node.Id, node.ProcessId ?? 0);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChaosNode node in Nodes)
        {
            await node.KillAsync();
        }

        await Network.DisposeAsync();
        foreach (SmallDisk disk in Nodes.Select(node => node.Disk).OfType<SmallDisk>())
        {
            await disk.UnmountAsync();
        }
    }

    /// <summary>Copies what stands on file systems in memory beside it, where it outlives them.</summary>
    public async Task KeepAsync()
    {
        foreach (ChaosNode node in Nodes.Where(node => node.Disk is not null))
        {
            await ShellCommand.TryAsync("cp", "-a", node.Disk!.Logs, Path.Combine(node.Home, "disk-copy"));
        }
    }

    public void Delete() => Directory.Delete(Home, recursive: true);

    private static async Task<INodeNetwork> NetworkAsync(ChaosOptions options, Action<string> say)
    {
        if (options.UsesNamespaces != false)
        {
            (NamespaceNetwork? network, string? absence) = await NamespaceNetwork.TryBuildAsync(Size);
            if (network is not null)
            {
                return network;
            }

            if (options.UsesNamespaces == true)
            {
                throw new InvalidOperationException(absence);
            }

            say($"no network namespaces ({absence})");
        }

        return new ProxyNetwork(Size);
    }
}
