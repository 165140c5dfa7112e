using System.Text.Json;
using Tidemark.System.Tests.Running;

namespace Tidemark.System.Tests.Clients;

/// <summary>franz-go, inside the load client that TIDEMARK_LOADGEN names.</summary>
[Collection(ClientsCollection.Name)]
public class LoadgenTests(BrokerForClients fixture)
{
    [LoadgenTheory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task What_franz_go_produces_it_consumes(string codec)
    {
        string[] target = ["-b", fixture.Broker.Bootstrap, "-t", "franz-" + codec, "-records", "20000"];
        JsonElement produced = await RunAsync(["produce", .. target, "-size", "200", "-codec", codec, "-idempotent"]);
        JsonElement consumed = await RunAsync(["consume", .. target]);
        Assert.Equal(0, produced.GetProperty("failed").GetInt32());
        Assert.Equal(20000, consumed.GetProperty("records").GetInt32());
    }

    private static async Task<JsonElement> RunAsync(string[] arguments)
    {
        string output = (await ChildProcess.RunAsync(LoadgenTheoryAttribute.Program!, arguments)).Succeeded();
        return JsonSerializer.Deserialize<JsonElement>(output.Trim().Split('\n')[^1]);
    }
}

/// <summary>A theory that needs the load client.</summary>
public sealed class LoadgenTheoryAttribute : TheoryAttribute
{
    private const string Variable = "TIDEMARK_LOADGEN";

    public LoadgenTheoryAttribute() => Skip = Program == null ? $"{Variable} names no load client" : null;

    public static string? Program { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path && File.Exists(path) ? path : null;
}
