namespace Tidemark.System.Tests.Clients;

/// <summary>What clients call besides producing and fetching: topics, partitions, configurations, offsets, deletions, the cluster.</summary>
[Collection(ClientsCollection.Name)]
public class AdministrationTests(BrokerForClients fixture)
{
    [ClientFact("confluent-kafka-python")]
    public Task Confluent_kafka_python_administers_topics_and_configurations() =>
        ScriptClient.ConfluentPython.AdministerAsync(fixture.Broker.Bootstrap, "admin-confluent-python");

    [ClientFact("kafka-python")]
    public Task Kafka_python_administers_topics_and_configurations() =>
        ScriptClient.KafkaPython.AdministerAsync(fixture.Broker.Bootstrap, "admin-kafka-python");

    [ClientFact("kafkajs")]
    public Task Kafkajs_administers_topics_and_configurations_and_asks_for_offsets() =>
        ScriptClient.KafkaJs.AdministerAsync(fixture.Broker.Bootstrap, "admin-kafkajs");
}
