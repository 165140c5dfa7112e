using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.System.Tests.BadInput;
using Tidemark.System.Tests.Running;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Comparison;

/// <summary>
/// Apache Kafka and Tidemark side by side, on the same properties and with the same topics. The same bytes go to both, each time over a
/// connection of its own, and what they answer is compared.
/// </summary>
public sealed class BothBrokers : IAsyncLifetime
{
    /// <summary>A topic of two partitions, each with three records.</summary>
    public const string Filled = "filled";

    /// <summary>A compacted topic, whose records need keys.</summary>
    public const string Compacted = "compacted";

    /// <summary>A topic whose batches are limited to a few bytes, and whose timestamps to a minute.</summary>
    public const string Strict = "strict";

    /// <summary>A moment of no meaning, in milliseconds since 1970.</summary>
    public const long Moment = 1_790_000_000_000;

    private const string Closed = "the connection was closed";
    private static readonly TimeSpan ReadyTimeMax = TimeSpan.FromSeconds(20);

    private static readonly string[] Properties =
    [
        "auto.create.topics.enable=false", "socket.request.max.bytes=10485760", "log.message.timestamp.after.max.ms=9223372036854775807", "num.io.threads=2", "num.network.threads=1",
        "log.cleaner.dedupe.buffer.size=2097152", "log.retention.ms=-1",
    ];

    private RunningBroker? _kafka;
    private RunningBroker? _tidemark;

    /// <summary>The filled topic's id: Apache Kafka's and Tidemark's.</summary>
    public (Uuid Kafka, Uuid Tidemark) FilledId { get; private set; }

    public RunningBroker Tidemark => _tidemark ?? throw new InvalidOperationException("not started");

    private RunningBroker Kafka => _kafka ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        if (KafkaLauncher.Absence == null)
        {
            Task<RunningBroker> kafka = RunningBroker.StartKafkaAsync(Properties);
            _tidemark = await RunningBroker.StartAsync(Properties);
            _kafka = await kafka;
            FilledId = (await PrepareAsync(Kafka), await PrepareAsync(Tidemark));
        }
    }

    public async Task DisposeAsync()
    {
        if (_kafka != null)
        {
            await _kafka.DisposeAsync();
        }

        if (_tidemark != null)
        {
            await _tidemark.DisposeAsync();
        }
    }

    /// <summary>Asks both; what their answers differ in, or null.</summary>
    public Task<string?> DifferenceAsync(string what, IApiRequest request, short version) => DifferenceAsync(what, request, request, version);

    /// <summary>The same where the brokers' own ids have to be named.</summary>
    public async Task<string?> DifferenceAsync(string what, IApiRequest toKafka, IApiRequest toTidemark, short version)
    {
        Task<string[]> asked = AskAsync(Kafka, toKafka, version);
        string[] ours = await AskAsync(Tidemark, toTidemark, version);
        return Difference($"{what} ({toKafka.Api} v{version})", await asked, ours);
    }

    /// <summary>Sends both the same bytes, a frame or not, and the end of the connection's other direction; what their answers differ in, or null.</summary>
    public async Task<string?> DifferenceAsync(string what, byte[] bytes)
    {
        Task<string[]> asked = SendAsync(Kafka, bytes);
        string[] ours = await SendAsync(Tidemark, bytes);
        return Difference(what, await asked, ours);
    }

    private static string? Difference(string what, string[] kafka, string[] ours)
    {
        // Where Apache Kafka admits a defect of its own, any error that fits is as good.
        string[] expected = [.. kafka.Select((line, index) => line.EndsWith("ErrorCode = UnknownServerError", StringComparison.Ordinal)
            && index < ours.Length && ours[index].Contains("ErrorCode = ", StringComparison.Ordinal) && !ours[index].EndsWith(" None", StringComparison.Ordinal) ? ours[index] : line)];
        return expected.SequenceEqual(ours)
            ? null
            : $"{what}: Kafka {{{string.Join("; ", expected.Except(ours))}}}, Tidemark {{{string.Join("; ", ours.Except(expected))}}}";
    }

    private static async Task<string[]> AskAsync(RunningBroker broker, IApiRequest request, short version)
    {
        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        IMessage? answer = await connection.TryAskAsync(request, version);
        return answer == null ? [Closed] : AnswerText.Of(answer);
    }

    private static async Task<string[]> SendAsync(RunningBroker broker, byte[] bytes)
    {
        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        await connection.SendAsync(bytes);
        byte[]? answer = await connection.AnswerAsync();
        return [answer == null ? Closed : Convert.ToHexStringLower(answer)];
    }

    private static async Task<Uuid> PrepareAsync(RunningBroker broker)
    {
        using RawConnection connection = await RawConnection.OpenAsync(broker.Port);
        CreateTopicsRequest create = new() { TimeoutMs = 10000 };
        create.Topics.Add(new() { Name = Filled, NumPartitions = 2, ReplicationFactor = 1 });
        create.Topics.Add(new() { Name = Compacted, NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = "cleanup.policy", Value = "compact" }] });
        create.Topics.Add(new()
        {
            Name = Strict,
            NumPartitions = 1,
            ReplicationFactor = 1,
            Configs = [new() { Name = "max.message.bytes", Value = "200" }, new() { Name = "message.timestamp.before.max.ms", Value = "60000" }, new() { Name = "message.timestamp.after.max.ms", Value = "60000" }],
        });
        Assert.All((await connection.AskAsync<CreateTopicsResponse>(create, 5)).Topics, topic => Assert.Equal(ErrorCode.None, topic.ErrorCode));

        // Apache Kafka answers before its partitions have leaders.
        foreach ((string topic, int partition) in new[] { (Filled, 0), (Filled, 1), (Compacted, 0), (Strict, 0) })
        {
            ListOffsetsRequest ends = new() { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = -1 }] }] };
            await Eventually.HoldsAsync($"{topic}-{partition} is led", ReadyTimeMax, async () =>
                (await connection.AskAsync<ListOffsetsResponse>(ends, 5)).Topics.Single().Partitions.Single().ErrorCode == ErrorCode.None);
        }

        for (int partition = 0; partition < 2; partition++)
        {
            Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(Filled, partition, Batches.Of(3))).ErrorCode);
        }

        MetadataResponse metadata = await connection.AskAsync<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = Filled }] }, 12);
        return metadata.Topics.Single().TopicId;
    }
}
