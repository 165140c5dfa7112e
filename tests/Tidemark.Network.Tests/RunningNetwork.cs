using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;

namespace Tidemark.Network.Tests;

/// <summary>A network on a free port of the loopback interface.</summary>
internal sealed class RunningNetwork : IDisposable
{
    public RunningNetwork(EchoBroker? broker = null, Func<NetworkOptions, NetworkOptions>? configure = null)
    {
        Broker = broker ?? new EchoBroker();
        var options = new NetworkOptions { Listeners = [new ListenerOptions { Name = "PLAINTEXT", Host = "127.0.0.1", Port = 0 }] };
        options = configure is null ? options : configure(options);
        Server = new NetworkServer(options, Broker, Buffers, TimeProvider.System, NullLoggerFactory.Instance);
        Server.Start();
    }

    public EchoBroker Broker { get; }

    public FrameBufferPool Buffers { get; } = new();

    public NetworkServer Server { get; }

    public int Port => Server.Listeners[0].Port;

    public Peer Connect() => new(Port);

    public static void Eventually(Func<bool> condition, string what) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(10)), $"This never happened: {what}");

    public void Dispose()
    {
        Server.StopAsync(TimeSpan.Zero).Wait();
        Eventually(() => Buffers.RentedCount == 0, "every buffer is back in the pool");
        Buffers.Dispose();
    }
}
