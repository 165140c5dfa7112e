using Confluent.Kafka;

namespace Tidemark.System.Tests.Clients;

/// <summary>A producer of Confluent.Kafka, over the distribution's librdkafka, with a transactional id and a transaction that the tests end as they like.</summary>
public sealed class OpenTransaction : IDisposable
{
    private static readonly TimeSpan AnswerTimeMax = TimeSpan.FromSeconds(30);

    private OpenTransaction(IProducer<Null, string> producer) => Producer = producer;

    public IProducer<Null, string> Producer { get; }

    /// <summary>Takes the transactional id over and begins.</summary>
    public static OpenTransaction Begin(string bootstrap, string transactionalId)
    {
        ProducerConfig configuration = new() { BootstrapServers = bootstrap, TransactionalId = transactionalId, LingerMs = 0 };
        OpenTransaction transaction = new(new ProducerBuilder<Null, string>(configuration).SetLogHandler((_, _) => { }).Build());
        transaction.Producer.InitTransactions(AnswerTimeMax);
        transaction.Producer.BeginTransaction();
        return transaction;
    }

    /// <summary>Writes values to one partition, and completes when the log has them.</summary>
    public Task WriteAsync(string topic, int partition, params IEnumerable<string> values) =>
        Task.WhenAll(values.Select(value => Producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, string> { Value = value })));

    public void Dispose() => Producer.Dispose();
}
