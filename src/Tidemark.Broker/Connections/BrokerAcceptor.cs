using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;

namespace Tidemark.Broker.Connections;

/// <summary>Gives every accepted connection its handler and knows those that are open.</summary>
public sealed class BrokerAcceptor : IConnectionAcceptor
{
    private const string Stopping = "the broker is stopping";

    private readonly ConcurrentDictionary<long, ClientConnection> _open = new();
    private readonly ConnectionServices _services;
    private readonly ConnectionServices _controllerServices;
    private readonly IReadOnlyList<string> _controllerListeners;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _drained = new();
    private volatile bool _draining;

    /// <param name="table">What clients and other brokers are served.</param>
    /// <param name="controllerTable">What is served on the controller's listeners instead.</param>
    /// <param name="controllerListeners"><c>controller.listener.names</c></param>
    public BrokerAcceptor(DispatchTable table, DispatchTable controllerTable, IReadOnlyList<string> controllerListeners, ILoggerFactory logs, TimeProvider time)
    {
        _time = time;
        _services = new ConnectionServices(table, logs.CreateLogger("Tidemark.Connections"), OnClosed);
        _controllerServices = _services with { Table = controllerTable };
        _controllerListeners = controllerListeners;
    }

    public IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport)
    {
        bool isForControllers = _controllerListeners.Contains(info.ListenerName, StringComparer.OrdinalIgnoreCase);
        var connection = new ClientConnection(info, transport, isForControllers ? _controllerServices : _services) { AcceptedAt = _time.GetTimestamp() };
        _open[info.Id] = connection;
        if (_draining)
        {
            connection.Drain(Stopping);
        }

        return connection;
    }

    /// <summary>
    /// Every connection answers what it has in hand and is then closed; new ones are closed at once. Completes when none is open.
    /// </summary>
    public Task Drain()
    {
        _draining = true;
        foreach (ClientConnection connection in _open.Values)
        {
            connection.Drain(Stopping);
        }

        if (_open.IsEmpty)
        {
            _drained.TrySetResult();
        }

        return _drained.Task;
    }

    private void OnClosed(ClientConnection connection)
    {
        _open.TryRemove(connection.Info.Id, out _);
        if (_draining && _open.IsEmpty)
        {
            _drained.TrySetResult();
        }
    }
}
