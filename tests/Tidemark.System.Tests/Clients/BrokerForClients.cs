using System.Collections.Concurrent;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>What one client wrote to its topic: lines of content in the order of their offsets, by partition.</summary>
public sealed record WrittenTopic(string Name, bool HasTimestamps, IReadOnlyDictionary<int, string[]> Partitions);

/// <summary>One broker for the tests of clients. Each writer writes its topic once, and all readers read that.</summary>
public sealed class BrokerForClients : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Lazy<Task<WrittenTopic>>> _written = new();
    private RunningBroker? _broker;
    private ToolShell? _tools;

    public RunningBroker Broker => _broker ?? throw new InvalidOperationException("not started");

    /// <summary>Kafka's tools, for tests that are skipped where they are missing.</summary>
    public ToolShell Tools => _tools ??= ToolShell.Start(Broker.Bootstrap);

    public async Task InitializeAsync() => _broker = await RunningBroker.StartAsync("num.partitions=2", "offsets.topic.num.partitions=4", "group.initial.rebalance.delay.ms=100");

    public async Task DisposeAsync()
    {
        if (_tools != null)
        {
            await _tools.DisposeAsync();
        }

        if (_broker != null)
        {
            await _broker.DisposeAsync();
        }
    }

    /// <summary>The topic of a writer, with every codec that it has, one after the other.</summary>
    public Task<WrittenTopic> WrittenByAsync(KafkaClient writer) => _written.GetOrAdd(writer.Name, _ => new(() => WriteAsync(writer))).Value;

    private async Task<WrittenTopic> WriteAsync(KafkaClient writer)
    {
        string topic = "by-" + writer.Name;
        long startMs = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds();
        await writer.CreateTopicAsync(Broker.Bootstrap, topic);
        List<OutgoingRecord> all = [];
        foreach ((int index, string codec) in writer.Codecs.Index())
        {
            OutgoingRecord[] records = SampleRecords.For(codec, index, writer.Partitions, startMs).Select(writer.Express).ToArray();
            await writer.WriteAsync(Broker.Bootstrap, topic, codec, records);
            all.AddRange(records);
        }

        Dictionary<int, string[]> partitions = all
            .GroupBy(record => record.Partition)
            .ToDictionary(group => group.Key, group => group.Select((record, offset) => IncomingRecord.Expected(offset, record)).ToArray());
        return new WrittenTopic(topic, all[0].TimestampMs != null, partitions);
    }
}

/// <summary>Tests of clients share a broker and take turns, as the machine has few cores.</summary>
[CollectionDefinition(Name)]
public sealed class ClientsCollection : ICollectionFixture<BrokerForClients>
{
    public const string Name = "Clients";
}
