using Tidemark.Broker.Connections;
using Tidemark.Broker.Links;

namespace Tidemark.Simulator.Network;

/// <summary>
/// A machine on the simulated network and the one process on it: what it listens on, its connections, and how it goes down. Starting the
/// process again is the owner's affair, who calls <see cref="Listen"/> anew.
/// </summary>
public sealed class SimulatedHost
{
    private readonly SimulatedNetwork _network;
    private readonly Dictionary<int, (string Name, IConnectionAcceptor Acceptor)> _listeners = [];
    private readonly List<ConnectionEnd> _ends = [];
    private readonly Queue<Action> _callsInPause = new();

    internal SimulatedHost(SimulatedNetwork network, string name, string address) => (_network, Name, Address) = (network, name, address);

    /// <summary>What others reach it by.</summary>
    public string Name { get; }

    /// <summary>What others see it come from.</summary>
    public string Address { get; }

    /// <summary>Whether the process takes nothing (SIGSTOP), while the operating system goes on receiving for it.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether the machine is without power: nothing answers.</summary>
    public bool IsDown { get; private set; }

    /// <summary>Grows when the process dies.</summary>
    public int Incarnation { get; private set; }

    /// <summary>How the process is entered: by default the call is made as it is. Whoever owns the process may surround it with what belongs to it.</summary>
    public Action<Action> Enter { get; set; } = call => call();

    /// <summary>Accepts connections from now on.</summary>
    public void Listen(int port, string listenerName, IConnectionAcceptor acceptor) => _listeners[port] = (listenerName, acceptor);

    /// <summary>Refuses connections from now on; those that are there stay.</summary>
    public void StopListening(int port) => _listeners.Remove(port);

    /// <summary>The way to other hosts for the process that now runs; it leads nowhere once that process is dead.</summary>
    public INodeConnector ConnectorForProcess() => new ProcessConnector(_network, this, Incarnation);

    /// <summary>The process stops in its tracks.</summary>
    public void Pause() => IsPaused = true;

    /// <summary>The process goes on, and takes what has come meanwhile before anything that comes later.</summary>
    public void Resume()
    {
        IsPaused = false;
        foreach (ConnectionEnd end in (ConnectionEnd[])[.. _ends])
        {
            end.TakeWaiting();
        }

        while (!IsPaused && _callsInPause.TryDequeue(out Action? call))
        {
            Enter(call);
        }
    }

    /// <summary>
    /// The process dies. Its operating system closes its connections, in good order or, where bytes were unread, by a reset that takes
    /// with it what was still to be sent; and refuses new ones.
    /// </summary>
    public void Kill()
    {
        foreach (ConnectionEnd end in ProcessGone())
        {
            bool reset = _network.Random.Chance(0.5);
            end.CloseByDeath(reset);
        }
    }

    /// <summary>The machine loses power: its connections go silent, and so does its address.</summary>
    public void PowerOff()
    {
        IsDown = true;
        foreach (ConnectionEnd end in ProcessGone())
        {
            end.Vanish();
        }
    }

    /// <summary>The machine is up again, without a process: it refuses, and resets connections that it does not know.</summary>
    public void PowerOn()
    {
        IsDown = false;
        _network.RetryAll();
    }

    internal (string Name, IConnectionAcceptor Acceptor)? Listener(int port) => _listeners.TryGetValue(port, out var listener) ? listener : null;

    internal void Remember(ConnectionEnd end) => _ends.Add(end);

    internal void Forget(ConnectionEnd end) => _ends.Remove(end);

    internal void EnterIfAlive(int incarnation, Action call)
    {
        if (incarnation != Incarnation)
        {
            return;
        }

        if (IsPaused)
        {
            _callsInPause.Enqueue(call);
        }
        else
        {
            Enter(call);
        }
    }

    private ConnectionEnd[] ProcessGone()
    {
        ConnectionEnd[] ends = [.. _ends];
        Incarnation++;
        IsPaused = false;
        _listeners.Clear();
        _callsInPause.Clear();
        return ends;
    }
}
