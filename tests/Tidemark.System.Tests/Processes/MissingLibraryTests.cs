using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Faults;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Processes;

/// <summary>On a machine without a codec's library the broker says so at its start, refuses that codec and serves everything else.</summary>
public sealed class MissingLibraryTests
{
    private const string Topic = "codecs";
    private static readonly CompressionCodec[] All = [CompressionCodec.None, CompressionCodec.Gzip, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd];

    [FaultTheory]
    [InlineData("liblz4", CompressionCodec.Lz4, "liblz4-1")]
    [InlineData("libzstd", CompressionCodec.Zstd, "libzstd1")]
    public async Task A_codec_without_its_library_is_refused_and_the_start_names_the_package(string library, CompressionCodec missing, string package)
    {
        // Batches are only looked into, and the library only used, where the topic's codec is another than the producer's.
        await using RunningBroker broker = await RunningBroker.StartAsync(await FaultLibrary.MissingLibraryAsync(library), "compression.type=uncompressed");
        await Eventually.HoldsAsync("a warning names the package", TimeSpan.FromSeconds(10), () => broker.Output.Contains(package));
        string warning = Assert.Single(broker.Output.Split('\n'), line => line.Contains("apt install"));
        Assert.Contains("warn", warning);
        Assert.Contains($"apt install {package}", warning);

        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        CreateTopicsRequest create = new() { TimeoutMs = 10000 };
        create.Topics.Add(new() { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 });
        create.Topics.Add(new() { Name = "as-produced", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "compression.type", Value = "producer" }] });
        Assert.All((await connection.AskAsync<CreateTopicsResponse>(create, 5)).Topics, topic => Assert.Equal(ErrorCode.None, topic.ErrorCode));
        foreach (string topic in new[] { Topic, "as-produced" })
        {
            foreach (CompressionCodec codec in All)
            {
                ErrorCode expected = codec == missing ? ErrorCode.UnsupportedCompressionType : ErrorCode.None;
                Assert.Equal(expected, (await connection.ProduceAsync(topic, 0, Batch(codec))).ErrorCode);
            }
        }
    }

    [Fact]
    public async Task Where_the_libraries_are_there_nothing_is_said_of_them()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.StopAsync(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain("apt install", broker.Output);
    }

    private static byte[] Batch(CompressionCodec codec)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { Codec = codec });
        builder.Append(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), "k"u8, new byte[100]);
        return builder.Build().ToArray();
    }
}
