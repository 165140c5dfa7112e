using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Tests.Shared;
using static Tidemark.System.Tests.BadInput.RawConnection;

namespace Tidemark.System.Tests.Comparison;

/// <summary>What bad input gets, asked of Apache Kafka and of Tidemark in the same words: every field of the answers has to be the same.</summary>
public sealed partial class BadRequestComparisonTests(BothBrokers brokers) : IClassFixture<BothBrokers>
{
    private const string Filled = BothBrokers.Filled;
    private readonly List<string> _differences = [];
    private int _asked;

    [KafkaFact]
    public async Task Frames_that_are_wrong_get_the_same_answer_or_the_same_end()
    {
        await SendAsync("over socket.request.max.bytes", [.. Size(10 * 1024 * 1024 + 1), .. new byte[100]]);
        await SendAsync("size -1", [.. Size(-1), .. new byte[100]]);
        await SendAsync("least size", [.. Size(int.MinValue), .. new byte[100]]);
        await SendAsync("greatest size", [.. Size(int.MaxValue), .. new byte[100]]);
        foreach (int length in new[] { 0, 1, 3, 7, 9 })
        {
            await SendAsync($"{length} zeros", Frame(new byte[length]));
        }

        foreach ((short key, short version) in new (short, short)[] { (-1, 0), (93, 0), (999, 0), (32767, 32767), (4, 0), (52, 0), (0, 2), (0, 99), (1, 3), (1, 99), (3, -1), (3, 14), (19, 1), (19, 32767) })
        {
            await SendAsync($"key {key} version {version}", Frame(Header(key, version, flexible: false), new byte[20]));
        }

        foreach ((short key, short version, int before) in new (short, short, int)[] { (3, 5, 0), (3, 9, 0), (19, 4, 0), (19, 5, 0), (20, 5, 0), (32, 3, 0), (32, 4, 0), (1, 4, 17), (1, 12, 25), (2, 1, 4), (0, 9, 7) })
        {
            bool flexible = MessageCatalog.TryGetApi(key, out ApiDescriptor api) && api.IsFlexible(version);
            byte[] count = flexible ? [0xff, 0xff, 0xff, 0xff, 0x07] : [0x7f, 0xff, 0xff, 0xff];
            await SendAsync($"a count beyond the frame in {api.Name} v{version}", Frame(Header(key, version, flexible), new byte[before], count));
            await SendAsync($"{api.Name} v{version} cut off behind its header", Frame(Header(key, version, flexible)));
        }

        await SendAsync("an unknown version of ApiVersions", Frame(Header(18, 99, flexible: true), [1, 1, 0]));
        await SendAsync("a negative version of ApiVersions", Frame(Header(18, -1, flexible: true), [1, 1, 0]));
        await SendAsync("ApiVersions without its body", Frame(Header(18, 3, flexible: true)));
        AssertSame(least: 40);
    }

    [KafkaFact]
    public async Task Batches_that_are_wrong_get_the_same_error_and_leave_the_same_log()
    {
        byte[] two = Batches.Of(2);
        await ProduceAsync("a good batch", two);
        await ProduceAsync("no bytes", []);
        await ProduceAsync("crc", Batches.Broken(two, 17, "00000000"));
        foreach (string length in new[] { "00000000", "ffffffff", "7fffffff", "00001000", "00000030", "80000000" })
        {
            await ProduceAsync($"length {length}", Batches.Broken(two, 8, length));
        }

        await ProduceAsync("cut by one byte", two[..^1]);
        await ProduceAsync("cut within its header", two[..40]);
        await ProduceAsync("cut within its length", two[..10]);
        await ProduceAsync("twice", [.. two, .. two]);
        await ProduceAsync("with bytes behind", [.. two, 1, 2, 3]);
        foreach (string magic in new[] { "00", "01", "03", "ff" })
        {
            await ProduceAsync($"magic {magic}", Batches.Broken(two, 16, magic));
        }

        foreach (string count in new[] { "00000000", "00000001", "00000003", "7fffffff", "ffffffff" })
        {
            await ProduceAsync($"count {count}", Batches.Patched(two, 57, count));
            await ProduceAsync($"last offset delta {count}", Batches.Patched(two, 23, count));
        }

        foreach (string attributes in new[] { "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0010", "0020", "0040", "0080", "0100", "8000" })
        {
            await ProduceAsync($"attributes {attributes}", Batches.Patched(two, 21, attributes));
        }

        await ProduceAsync("base offset 5", Batches.Patched(two, 0, "0000000000000005"));
        await ProduceAsync("base offset -1", Batches.Patched(two, 0, "ffffffffffffffff"));
        await ProduceAsync("a producer without an epoch", Batches.Of(1, options: new() { ProducerId = new(5), ProducerEpoch = -1, BaseSequence = 0 }));
        await ProduceAsync("a producer without a sequence", Batches.Of(1, options: new() { ProducerId = new(5), ProducerEpoch = 0, BaseSequence = -1 }));
        await ProduceAsync("a producer's first batch", Batches.Of(1, options: new() { ProducerId = new(6), ProducerEpoch = 1, BaseSequence = 0 }));
        await ProduceAsync("the same again", Batches.Of(1, options: new() { ProducerId = new(6), ProducerEpoch = 1, BaseSequence = 0 }));
        await ProduceAsync("a sequence too far", Batches.Of(1, options: new() { ProducerId = new(6), ProducerEpoch = 1, BaseSequence = 7 }));
        await ProduceAsync("an epoch of before", Batches.Of(1, options: new() { ProducerId = new(6), ProducerEpoch = 0, BaseSequence = 1 }));
        await ProduceAsync("a transaction's batch", Batches.Of(1, options: new() { ProducerId = new(7), ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true }));

        foreach (CompressionCodec codec in new[] { CompressionCodec.Gzip, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd })
        {
            byte[] compressed = Batches.Compressed(codec);
            await ProduceAsync($"{codec}", compressed);
            await ProduceAsync($"{codec} with a record too few", Batches.Patched(compressed, 57, "00000001"));
            await ProduceAsync($"{codec} with a record too many", Batches.Patched(compressed, 57, "00000003"));
            await ProduceAsync($"{codec} that is damaged", Batches.Patched(compressed, 61, "aaaaaaaaaaaa"));
            byte[] bomb = Batches.Compressed(codec, count: 1, valueBytes: 20_000_000);
            if (bomb.Length < 1_000_000)
            {
                await ProduceAsync($"{codec} of 20 MB", bomb);
                await ProduceAsync($"{codec} of 20 MB with a count beyond it", Batches.Patched(bomb, 57, "7fffffff"));
            }
        }

        await ProduceAsync("zstd to a version that does not know it", Batches.Compressed(CompressionCodec.Zstd), version: 6);
        await ProduceAsync("over the topic's max.message.bytes", Batches.Of(1, 300), BothBrokers.Strict);
        await ProduceAsync("a time long ago", Batches.Of(2), BothBrokers.Strict);
        await ProduceAsync("a time far ahead", Batches.Of(2, timestampMs: 4_000_000_000_000), BothBrokers.Strict);
        await ProduceAsync("a time far ahead, compressed", Batches.Of(2, timestampMs: 4_000_000_000_000, options: new() { Codec = CompressionCodec.Gzip }), BothBrokers.Strict);
        await ProduceAsync("a time before all time", Batches.Of(1, timestampMs: -5));
        await ProduceAsync("no keys to a compacted topic", Batches.Of(3, hasKeys: false), BothBrokers.Compacted);
        await ProduceAsync("no keys to a compacted topic, compressed", Batches.Of(3, hasKeys: false, options: new() { Codec = CompressionCodec.Gzip }), BothBrokers.Compacted);
        await ProduceAsync("an unknown topic", two, "nowhere");
        await ProduceAsync("an invalid topic", two, "no/topic");
        await ProduceAsync("no topic", two, "");
        await ProduceAsync("an unknown partition", two, partition: 9);
        await ProduceAsync("a negative partition", two, partition: -1);
        await ProduceAsync("acks 2", two, acks: 2);
        await ProduceAsync("acks -2", two, acks: -2);
        await ProduceAsync("internal topic", two, "__consumer_offsets");
        for (int partition = 0; partition < 2; partition++)
        {
            await AskAsync("what the log holds then", FetchOf(Filled, partition, 0), 4, 11, 12);
        }

        AssertSame(least: 90);
    }

    private static FetchRequest FetchOf(string topic, int partition, long offset, int epoch = -1) => new()
    {
        MaxWaitMs = 0,
        MinBytes = 0,
        MaxBytes = 1 << 24,
        ReplicaId = -1,
        Topics = [new() { Topic = topic, Partitions = [new() { Partition = partition, FetchOffset = offset, CurrentLeaderEpoch = epoch, PartitionMaxBytes = 1 << 24 }] }],
    };

    private Task ProduceAsync(string what, byte[] records, string topic = Filled, int partition = 0, short acks = -1, short version = 9)
    {
        ProduceRequest request = new() { Acks = acks, TimeoutMs = 5000 };
        request.TopicData.Add(new() { Name = topic, PartitionData = [new() { Index = partition, Records = records }] });
        return AskAsync(what, request, version);
    }

    private async Task AskAsync(string what, IApiRequest request, params short[] versions)
    {
        foreach (short version in versions)
        {
            Keep(await brokers.DifferenceAsync(what, request, version));
        }
    }

    private async Task SendAsync(string what, byte[] bytes) => Keep(await brokers.DifferenceAsync(what, bytes));

    private void Keep(string? difference)
    {
        _asked++;
        if (difference != null)
        {
            _differences.Add(difference);
        }
    }

    private void AssertSame(int least)
    {
        Assert.True(_differences.Count == 0, $"{_differences.Count} of {_asked} answers differ:{Environment.NewLine}{string.Join(Environment.NewLine, _differences)}");
        Assert.True(_asked >= least, $"only {_asked} requests");
        Assert.True(brokers.Tidemark.IsRunning);
    }
}
