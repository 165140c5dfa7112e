using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Network.Buffers;
using Tidemark.Network.Listeners;

namespace Tidemark.Network.Tests;

/// <summary>A network on a free port of the loopback interface.</summary>
internal sealed class RunningNetwork : IDisposable
{
    private static readonly TimeSpan s_clockStep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_clockRealStep = TimeSpan.FromMilliseconds(20);
    private readonly HandClock? _clock;

    public RunningNetwork(EchoBroker? broker = null, Func<NetworkOptions, NetworkOptions>? configure = null, HandClock? clock = null)
    {
        _clock = clock;
        Broker = broker ?? new EchoBroker();
        var options = new NetworkOptions { Listeners = [new ListenerOptions { Name = "PLAINTEXT", Host = "127.0.0.1", Port = 0 }] };
        options = configure is null ? options : configure(options);
        Server = new NetworkServer(options, Broker, Buffers, clock ?? TimeProvider.System, NullLoggerFactory.Instance);
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
        Task stopped = Server.StopAsync(TimeSpan.Zero);
        while (_clock is not null && !stopped.Wait(s_clockRealStep))
        {
            // Those that are left are cut off by the clock, which nobody else moves any more.
            _clock.Advance(s_clockStep);
        }

        stopped.Wait();
        Eventually(() => Buffers.RentedCount == 0, "every buffer is back in the pool");
        Buffers.Dispose();
    }
}
