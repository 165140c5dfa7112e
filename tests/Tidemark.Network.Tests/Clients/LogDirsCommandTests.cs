using System.Text.Json;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary><c>tidemark cluster log-dirs</c>, where one broker of two answers nothing: what the other says is worth showing.</summary>
public sealed class LogDirsCommandTests : IDisposable
{
    private readonly ScriptedNodes _nodes = new();
    private readonly FrozenPort _frozen = new();

    public LogDirsCommandTests() => _nodes.On<DescribeLogDirsRequest, DescribeLogDirsResponse>(new DescribeLogDirsResponse
    {
        Results = [new() { LogDir = "/data", TotalBytes = 100, UsableBytes = 40, Topics = [new() { Name = "t", Partitions = [new() { PartitionSize = 7 }, new() { PartitionIndex = 1, PartitionSize = 5 }] }] }],
    });

    public void Dispose()
    {
        _nodes.Dispose();
        _frozen.Dispose();
    }

    [Theory]
    [InlineData(false, "Cannot reach a broker at 127.0.0.1:1: ")]
    [InlineData(true, "did not answer ApiVersions within 2 s")]
    public async Task A_broker_without_an_answer_is_a_row_that_says_why(bool isFrozen, string reason)
    {
        if (isFrozen)
        {
            _nodes.Elsewhere[2] = _frozen.Port;
        }
        else
        {
            _nodes.Gone.Clear();
            _nodes.Gone.Enqueue([2]);
        }

        (int exitCode, string output, string error) = await TidemarkCommand.RunAsync(_nodes, "cluster", "log-dirs", "--json", "--timeout", "2");
        Assert.Equal((0, ""), (exitCode, error));
        JsonElement[] rows = [.. JsonDocument.Parse(output).RootElement.EnumerateArray()];
        Assert.Equal((1, "/data", 2, 12L, 40L), (Number(rows[0], "broker"), rows[0].GetProperty("directory").GetString(), Number(rows[0], "partitions"), Number(rows[0], "bytes"), Number(rows[0], "freeBytes")));
        Assert.Equal(2, Number(rows[1], "broker"));
        Assert.Equal(JsonValueKind.Null, rows[1].GetProperty("directory").ValueKind);
        Assert.Contains(reason, rows[1].GetProperty("error").GetString());
    }

    private static long Number(JsonElement row, string name) => row.GetProperty(name).GetInt64();
}
