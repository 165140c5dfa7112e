namespace Tidemark.Client.Connections;

/// <summary>Keeps one connection to each address that is talked to. Safe for use by many callers at once.</summary>
internal sealed class BrokerConnections(ClientOptions options) : IAsyncDisposable
{
    private readonly Dictionary<BrokerAddress, BrokerConnection> _connections = [];
    private readonly SemaphoreSlim _connecting = new(1);

    /// <summary>Whether any broker has answered so far.</summary>
    public bool WereAny
    {
        get
        {
            lock (_connections)
            {
                return _connections.Count > 0;
            }
        }
    }

    /// <summary>Some connection that is open; null when none is.</summary>
    public BrokerConnection? AnyOpen()
    {
        lock (_connections)
        {
            return _connections.Values.FirstOrDefault(connection => connection.IsOpen);
        }
    }

    /// <summary>The connection to that address, opened unless it is open.</summary>
    /// <exception cref="BrokerUnreachableException">Nobody listens there.</exception>
    public async Task<BrokerConnection> OpenAsync(BrokerAddress address, CancellationToken cancellation)
    {
        if (Find(address) is { } open)
        {
            return open;
        }

        await _connecting.WaitAsync(cancellation);
        try
        {
            if (Find(address) is { } meanwhile)
            {
                return meanwhile;
            }

            BrokerConnection connection = await BrokerConnection.ConnectAsync(address, options, cancellation);
            lock (_connections)
            {
                _connections[address] = connection;
            }

            return connection;
        }
        finally
        {
            _connecting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        BrokerConnection[] open;
        lock (_connections)
        {
            open = [.. _connections.Values];
            _connections.Clear();
        }

        foreach (BrokerConnection connection in open)
        {
            await connection.DisposeAsync();
        }
    }

    private BrokerConnection? Find(BrokerAddress address)
    {
        lock (_connections)
        {
            return _connections.GetValueOrDefault(address) is { IsOpen: true } connection ? connection : null;
        }
    }
}
