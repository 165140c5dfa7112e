using System.Globalization;
using Tidemark.Chaos.Nodes;

namespace Tidemark.Chaos.Networks;

/// <summary>
/// Each node in a network namespace of its own, joined by a bridge to the others and to this process. A node is cut off by taking its
/// end of the bridge down, and one direction between two nodes by giving the receiver an address that nobody has: packets are lost, and
/// nobody is told, as on a real network.
/// </summary>
internal sealed class NamespaceNetwork : INodeNetwork
{
    private const string NobodysAddress = "02:00:00:00:00:01";
    private readonly int _nodes;
    private readonly string _name;
    private readonly string _subnet;
    private readonly List<(int From, int To)> _cut = [];
    private readonly List<int> _isolated = [];

    private NamespaceNetwork(int nodes, string name, string subnet) => (_nodes, _name, _subnet) = (nodes, name, subnet);

    public string Kind => "network namespaces";

    /// <summary>The network, or why it cannot be had.</summary>
    public static async Task<(NamespaceNetwork? Network, string? Absence)> TryBuildAsync(int nodes)
    {
        if (Environment.UserName != "root")
        {
            return (null, "only root can make network namespaces");
        }

        int number = Environment.ProcessId % 16384;
        var network = new NamespaceNetwork(nodes, "tdm" + number.ToString("x", CultureInfo.InvariantCulture), $"10.{192 + (number / 256)}.{number % 256}");
        try
        {
            await network.BuildAsync();
            return (network, null);
        }
        catch (InvalidOperationException error)
        {
            await network.DisposeAsync();
            return (null, error.Message);
        }
    }

    public NodeEndpoints Of(int node) => new($"{Address(node)}:9092", $"{Address(node)}:9093", $"{Address(node)}:9092", $"{Address(node)}:9093");

    public (string File, IReadOnlyList<string> Arguments) Launch(int node, string program, IReadOnlyList<string> arguments) =>
        ("nsenter", [$"--net=/run/netns/{Namespace(node)}", program, .. arguments]);

    public void Started(int node, int process)
    {
    }

    public async Task IsolateAsync(int node)
    {
        _isolated.Add(node);
        await Ip("link", "set", Outer(node), "down");
    }

    public async Task CutAsync(int from, int to)
    {
        _cut.Add((from, to));
        await Ip("-n", Namespace(from), "neigh", "replace", Address(to), "lladdr", NobodysAddress, "dev", "eth0", "nud", "permanent");
    }

    public async Task HealAsync()
    {
        foreach (int node in _isolated)
        {
            await Ip("link", "set", Outer(node), "up");
        }

        foreach ((int from, int to) in _cut)
        {
            await Ip("-n", Namespace(from), "neigh", "del", Address(to), "dev", "eth0");
        }

        _isolated.Clear();
        _cut.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        for (int node = 1; node <= _nodes; node++)
        {
            await ShellCommand.TryAsync("ip", "link", "del", Outer(node));
            await ShellCommand.TryAsync("ip", "netns", "del", Namespace(node));
        }

        await ShellCommand.TryAsync("ip", "link", "del", _name);
    }

    private async Task BuildAsync()
    {
        await Ip("link", "add", _name, "type", "bridge");
        await Ip("addr", "add", $"{_subnet}.254/24", "dev", _name);
        await Ip("link", "set", _name, "up");
        for (int node = 1; node <= _nodes; node++)
        {
            string space = Namespace(node);
            await Ip("netns", "add", space);
            await Ip("link", "add", Outer(node), "type", "veth", "peer", "name", "eth0", "netns", space);
            await Ip("link", "set", Outer(node), "master", _name);
            await Ip("link", "set", Outer(node), "up");
            await Ip("-n", space, "addr", "add", $"{Address(node)}/24", "dev", "eth0");
            await Ip("-n", space, "link", "set", "eth0", "up");
            await Ip("-n", space, "link", "set", "lo", "up");
        }
    }

    private string Address(int node) => $"{_subnet}.{node}";

    private string Namespace(int node) => $"{_name}n{node}";

    private string Outer(int node) => $"{_name}v{node}";

    private static Task Ip(params string[] arguments) => ShellCommand.RunAsync("ip", arguments);
}
