using System.Net;
using System.Net.Sockets;
using Tidemark.Client;

namespace Tidemark.Network.Tests.Clients;

/// <summary>What is left of a broker whose process is frozen: the system takes connections for it, and nothing is ever answered.</summary>
internal sealed class FrozenPort : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public FrozenPort() => _listener.Start();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public BrokerAddress Address => new("127.0.0.1", Port);

    /// <summary>Whether somebody has connected.</summary>
    public bool IsWanted => _listener.Pending();

    public void Dispose() => _listener.Dispose();
}
