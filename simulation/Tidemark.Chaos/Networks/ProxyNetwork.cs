using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidemark.Chaos.Networks;

/// <summary>
/// Without root: all nodes on the loopback, each behind doors in this process that hold bytes back where a line is cut. Whose connection
/// it is says the table of sockets of the system. A door accepts also while its node is gone, so nobody learns from a refused
/// connection that a process has died: detection falls back to the session.
/// </summary>
internal sealed class ProxyNetwork : INodeNetwork
{
    private readonly Dictionary<int, (ProxyDoor Broker, ProxyDoor Controller)> _doors = [];
    private readonly ConcurrentDictionary<int, int> _processes = new();
    private readonly HashSet<int> _isolated = [];
    private readonly HashSet<(int From, int To)> _cut = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ProxyNetwork(int nodes)
    {
        for (int node = 1; node <= nodes; node++)
        {
            _doors[node] = (new ProxyDoor(node, this), new ProxyDoor(node, this));
        }
    }

    public string Kind => "proxies on the loopback";

    public NodeEndpoints Of(int node)
    {
        (ProxyDoor broker, ProxyDoor controller) = _doors[node];
        return new NodeEndpoints($"127.0.0.1:{broker.BackPort}", $"127.0.0.1:{controller.BackPort}", $"127.0.0.1:{broker.Port}", $"127.0.0.1:{controller.Port}");
    }

    public (string File, IReadOnlyList<string> Arguments) Launch(int node, string program, IReadOnlyList<string> arguments) => (program, arguments);

    public void Started(int node, int process) => _processes[node] = process;

    public Task IsolateAsync(int node) => Change(() => _isolated.Add(node));

    public Task CutAsync(int from, int to) => Change(() => _cut.Add((from, to)));

    public Task HealAsync() => Change(() =>
    {
        _isolated.Clear();
        _cut.Clear();
    });

    public ValueTask DisposeAsync()
    {
        foreach ((ProxyDoor broker, ProxyDoor controller) in _doors.Values)
        {
            broker.Dispose();
            controller.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Completes when bytes may pass from one node to another; node 0 stands for clients.</summary>
    public async ValueTask PassAsync(int from, int to)
    {
        while (true)
        {
            Task changed;
            lock (_cut)
            {
                if (!_isolated.Contains(from) && !_isolated.Contains(to) && !_cut.Contains((from, to)))
                {
                    return;
                }

                changed = _changed.Task;
            }

            await changed;
        }
    }

    /// <summary>The node whose process holds a connection's other end, 0 when it is none of them.</summary>
    public int NodeOf(IPEndPoint remote)
    {
        if (SocketTable.InodeOf(remote) is { } inode)
        {
            foreach ((int node, int process) in _processes)
            {
                if (SocketTable.Holds(process, inode))
                {
                    return node;
                }
            }
        }

        return 0;
    }

    private Task Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_cut)
        {
            change();
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
        return Task.CompletedTask;
    }
}
