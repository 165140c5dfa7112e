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
