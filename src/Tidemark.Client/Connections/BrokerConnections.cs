namespace Tidemark.Client.Connections;

/// <summary>
/// Keeps one connection to each address that is talked to. A broker that is slow to answer, or frozen, holds back nobody who wants another one. Safe for use by
/// many callers at once.
/// </summary>
internal sealed class BrokerConnections(ClientOptions options) : IAsyncDisposable
{
    /// <summary>For each address the connection that is open, or the newest attempt at one.</summary>
    private readonly Dictionary<BrokerAddress, Task<BrokerConnection>> _connections = [];
    private readonly CancellationTokenSource _closing = new();
    private bool _wereAny;

    /// <summary>Whether any broker has answered so far.</summary>
    public bool WereAny => Volatile.Read(ref _wereAny);

    /// <summary>Some connection that is open, the one with the fewest requests in hand: a broker that answers no more is not asked on. Null when none is.</summary>
    public BrokerConnection? AnyOpen()
    {
        lock (_connections)
        {
            return _connections.Values.Where(IsOpen).Select(opened => opened.Result).MinBy(connection => connection.PendingCount);
        }
    }

    /// <summary>The connection to that address, opened unless it is open.</summary>
    /// <exception cref="BrokerUnreachableException">Nobody listens there.</exception>
    /// <exception cref="RequestTimedOutException">
    /// Nobody has answered for <see cref="ClientOptions.SetupTimeout"/>. The attempt goes on, and who asks for the address again waits for the same one.
    /// </exception>
    public async Task<BrokerConnection> OpenAsync(BrokerAddress address, CancellationToken cancellation)
    {
        Task<BrokerConnection>? opening;
        lock (_connections)
        {
            if (!_connections.TryGetValue(address, out opening) || (opening.IsCompleted && !IsOpen(opening)))
            {
                _connections[address] = opening = ConnectAsync(address);
            }
        }

        try
        {
            return await opening.WaitAsync(options.SetupTimeout, cancellation);
        }
        catch (TimeoutException)
        {
            throw new RequestTimedOutException($"{address} did not answer within {options.SetupTimeout.TotalSeconds:0.#} s");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<BrokerConnection>[] all;
        lock (_connections)
        {
            _closing.Cancel();
            all = [.. _connections.Values];
            _connections.Clear();
        }

        foreach (Task<BrokerConnection> opening in all)
        {
            try
            {
                await (await opening).DisposeAsync();
            }
            catch (ClientException)
            {
                // It was never opened, and whoever wanted it has been told.
            }
        }
    }

    private static bool IsOpen(Task<BrokerConnection> opening) => opening.IsCompletedSuccessfully && opening.Result.IsOpen;

    private async Task<BrokerConnection> ConnectAsync(BrokerAddress address)
    {
        try
        {
            BrokerConnection connection = await BrokerConnection.ConnectAsync(address, options, _closing.Token);
            Volatile.Write(ref _wereAny, true);
            return connection;
        }
        catch (OperationCanceledException closed)
        {
            throw new BrokerUnreachableException($"Cannot reach a broker at {address}: this client is closed", closed);
        }
    }
}
