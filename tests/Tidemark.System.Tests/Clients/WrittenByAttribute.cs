using System.Reflection;
using Xunit.Sdk;

namespace Tidemark.System.Tests.Clients;

/// <summary>Rows of a theory: this client as the writer, with every client that reads. Skipped, with the reason, where the writer is not installed.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class WrittenByAttribute : DataAttribute
{
    private readonly string _writer;

    public WrittenByAttribute(string writer)
    {
        _writer = writer;
        Skip = KafkaClient.Named(writer).Absence;
    }

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) =>
        KafkaClient.All.Where(reader => reader.CanRead && reader.Absence == null).Select(reader => new object[] { _writer, reader.Name });
}

/// <summary>A test of one client, skipped with the reason where that client is not installed.</summary>
public sealed class ClientFactAttribute : FactAttribute
{
    public ClientFactAttribute(string client) => Skip = KafkaClient.Named(client).Absence;
}

/// <summary>A test of Confluent.Kafka as a member of a group of the consumer protocol (KIP-848), which librdkafka has since 2.12.</summary>
public sealed class ConsumerProtocolFactAttribute : FactAttribute
{
    private const int VersionMin = 0x020c0000;

    public ConsumerProtocolFactAttribute() => Skip = KafkaClient.Named("Confluent.Kafka").Absence
        ?? (Confluent.Kafka.Library.Version < VersionMin ? $"librdkafka {Confluent.Kafka.Library.VersionString} has no consumer protocol, 2.12 has" : null);
}
