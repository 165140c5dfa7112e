using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A broker whose registration is removed while it runs, as by Kafka's tool.</summary>
public sealed class UnregisteredBrokerTests
{
    private const int Refused = 1513;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void It_serves_nobody_and_asks_ever_more_seldom_until_its_next_life_is_registered()
    {
        int refusals = 0;
        var cluster = new SimulatedCluster(21, 3) { Logs = _ => new Counting(() => refusals++) };
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully && node.Lease is { IsHeld: true }), s_patience));
        SimulatedNode removed = cluster.Nodes.First(node => !node.Quorum!.Controller.IsLocal);
        SimulatedNode other = cluster.Nodes.First(node => node != removed);
        var client = new ClusterClient(cluster);
        refusals = 0;
        Assert.Equal(default, client.Ask<UnregisterBrokerRequest, UnregisterBrokerResponse>(other.Id, new UnregisterBrokerRequest { BrokerId = removed.Id }).ErrorCode);

        // The next heartbeat is refused, long before the last one's session would be over; then they are as far apart as others.
        Assert.True(cluster.RunUntil(() => !removed.Lease!.IsHeld, TimeSpan.FromSeconds(2.5)));
        cluster.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.InRange(refusals, 10, 20);
        Assert.False(removed.Lease!.IsHeld);

        removed.Kill();
        removed.Start();
        Assert.True(cluster.RunUntil(() => other.Broker!.Cluster.Image.Brokers.TryGetValue(removed.Id, out var broker) && broker.IsActive, s_patience));
        Assert.True(cluster.RunUntil(() => removed.Lease is { IsHeld: true }, s_patience));
    }

    /// <summary>Counts the heartbeats that were refused.</summary>
    private sealed class Counting(Action count) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == Refused)
            {
                count();
            }
        }

        public void Dispose()
        {
        }
    }
}
