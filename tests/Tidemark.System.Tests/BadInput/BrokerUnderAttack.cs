using Confluent.Kafka;
using Tidemark.System.Tests.Clients;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.BadInput;

/// <summary>One broker for the tests of bad input, with a well-behaved client that must not notice any of it.</summary>
public sealed class BrokerUnderAttack : IAsyncLifetime
{
    /// <summary>The broker's <c>socket.request.max.bytes</c>.</summary>
    public const int FrameBytesMax = 10 * 1024 * 1024;

    private static readonly TimeSpan ServiceTimeMax = TimeSpan.FromSeconds(20);
    private RunningBroker? _broker;
    private IProducer<Null, string>? _producer;

    public RunningBroker Broker => _broker ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        if (KafkaClient.Named("Confluent.Kafka").Absence == null)
        {
            _broker = await RunningBroker.StartAsync($"socket.request.max.bytes={FrameBytesMax}");
            ProducerConfig configuration = new() { BootstrapServers = Broker.Bootstrap, Acks = Acks.All, LingerMs = 0 };
            _producer = new ProducerBuilder<Null, string>(configuration).SetLogHandler((_, _) => { }).Build();
            await OthersAreServedAsync();
        }
    }

    /// <summary>The well-behaved client writes, is answered soon, and without a reconnection that would show in an error.</summary>
    public async Task OthersAreServedAsync()
    {
        Assert.True(Broker.IsRunning, Broker.Output);
        IEnumerable<Task> writes = Enumerable.Range(0, 20).Select(i => _producer!.ProduceAsync("served", new Message<Null, string> { Value = $"{i}" }));
        await Task.WhenAll(writes).WaitAsync(ServiceTimeMax);
    }

    public async Task DisposeAsync()
    {
        _producer?.Dispose();
        if (_broker != null)
        {
            await _broker.DisposeAsync();
        }
    }
}

/// <summary>Tests of bad input share a broker, as attackers would.</summary>
[CollectionDefinition(Name)]
public sealed class BadInputCollection : ICollectionFixture<BrokerUnderAttack>
{
    public const string Name = "Bad input";
}

/// <summary>A theory about the running broker, with the well-behaved client beside it.</summary>
public sealed class BadInputTheoryAttribute : TheoryAttribute
{
    public BadInputTheoryAttribute() => Skip = KafkaClient.Named("Confluent.Kafka").Absence;
}
