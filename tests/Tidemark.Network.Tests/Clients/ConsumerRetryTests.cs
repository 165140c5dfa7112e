using System.Text;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Network.Tests.Clients;

/// <summary>A partition that cannot be read at the moment holds back no other, and nothing that came is lost by it.</summary>
public sealed class ConsumerRetryTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);
    private static readonly TopicPartition s_first = new("t", 0);
    private static readonly TopicPartition s_second = new("t", 1);

    private readonly ScriptedNodes _nodes = new();
    private readonly List<(int Node, int Partition)> _fetched = [];
    private readonly List<string> _read = [];

    public ConsumerRetryTests() => Answer((_, _) => ErrorCode.None);

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task A_partition_without_a_leader_is_waited_for_while_the_others_are_read()
    {
        Lead([1, -1], [1, -1], [1, -1], [1, 2]);
        await using var cluster = new ClusterClient(_nodes.ClientOptions with { RetryBackoff = TimeSpan.FromMilliseconds(50) });
        Consumer consumer = Both(cluster);
        await ReadAsync(consumer, 2);
        Assert.Equal(["0 at 0", "1 at 0"], _read);
        Assert.Equal((1, 0), _fetched[0]);

        // Asked for again after each backoff, not with each of the many answers that came meanwhile.
        Assert.Equal(4, _nodes.Asked(ApiKey.Metadata).Length);
    }

    [Fact]
    public async Task A_partition_that_stays_without_a_leader_is_an_error_once_nothing_else_is_read()
    {
        Lead([1, -1]);
        await using var cluster = new ClusterClient(_nodes.ClientOptions with { RetryMax = TimeSpan.FromMilliseconds(100) });
        Consumer consumer = Both(cluster);
        await ReadAsync(consumer, 1);
        for (long start = Environment.TickCount64; Environment.TickCount64 - start < 150;)
        {
            (await consumer.FetchAsync()).Dispose();
        }

        consumer.Unassign(s_first);
        var missing = await Assert.ThrowsAsync<BrokerErrorException>(() => ReadAsync(consumer, 2));
        Assert.Equal("Partition t-1: LEADER_NOT_AVAILABLE", missing.Message);
    }

    [Fact]
    public async Task A_leader_that_answers_nothing_holds_back_only_its_own()
    {
        using var frozen = new FrozenPort();
        _nodes.Elsewhere[2] = frozen.Port;
        await using var cluster = new ClusterClient(_nodes.ClientOptions with { SetupTimeout = TimeSpan.FromMinutes(10) });
        Consumer consumer = Both(cluster);
        await ReadAsync(consumer, 1);
        Assert.Equal(["0 at 0"], _read);
    }

    [Fact]
    public async Task A_leader_that_is_gone_is_looked_for_anew()
    {
        _nodes.Gone.Clear();
        _nodes.Gone.Enqueue([2]);
        _nodes.Gone.Enqueue([2]);
        _nodes.Gone.Enqueue([]);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        await ReadAsync(Both(cluster), 2);
        Assert.Equal(["0 at 0", "1 at 0"], _read.Order());
    }

    [Fact]
    public async Task Records_that_came_with_another_partitions_error_are_handed_out()
    {
        Lead([1, 1], [1, -1], [1, 1]);
        bool isLed = false;
        Answer((_, partition) => partition == 1 && !isLed ? ErrorCode.NotLeaderOrFollower : ErrorCode.None);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        Consumer consumer = Both(cluster);
        await ReadAsync(consumer, 1);
        isLed = true;
        await ReadAsync(consumer, 2);
        Assert.Equal(["0 at 0", "1 at 0"], _read);
    }

    [Fact]
    public async Task A_beginning_that_cannot_be_told_yet_is_asked_for_again_while_the_others_are_read()
    {
        Lead([1, -1], [1, -1], [1, 2]);
        Look((_, _, _) => (ErrorCode.None, 0));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var consumer = new Consumer(cluster, new ConsumerOptions());
        await consumer.AssignAsync([s_first, s_second], OffsetSpec.Earliest);
        Assert.Equal([s_first], consumer.Positions.Keys);
        Assert.True(consumer.IsReading);
        await ReadAsync(consumer, 2);
        Assert.Equal(["0 at 0", "1 at 0"], _read);
    }

    [Theory]
    [InlineData("--tail", "1")]
    [InlineData("--offset", "4")]
    [InlineData("--offset", "3")]
    public async Task Wherever_a_command_begins_the_partitions_that_can_be_read_are_read(string option, string value)
    {
        Lead([1, -1]);
        Look((_, _, timestamp) => (ErrorCode.None, timestamp == OffsetSpec.Earliest.Timestamp ? 4 : 5));
        Answer((_, _) => ErrorCode.None, first: 4);
        (int exitCode, string output, string error) = await TidemarkCommand.RunAsync(_nodes, "consume", "t", option, value, "--timeout", "1");
        Assert.Equal((1, "0 at 4\n"), (exitCode, output));
        Assert.Equal("tidemark: Looking up an offset of t-1: LEADER_NOT_AVAILABLE\n", error);
    }

    [Fact]
    public async Task Who_follows_for_a_pipe_that_was_closed_ends_also_when_nothing_is_written()
    {
        Look((_, _, _) => (ErrorCode.None, 0));
        using System.Diagnostics.Process following = TidemarkCommand.Start(_nodes, "consume", "t", "--partition", "0", "--from-beginning", "--follow");
        Assert.Equal("0 at 0", await following.StandardOutput.ReadLineAsync());
        following.StandardOutput.Close();
        try
        {
            await following.WaitForExitAsync().WaitAsync(TidemarkCommand.Patience);
        }
        finally
        {
            following.Kill();
        }

        Assert.Equal((0, ""), (following.ExitCode, await following.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task A_time_is_looked_up_again_and_its_end_where_no_record_is_as_late()
    {
        const long Time = 1_000;
        var asked = new List<(int Partition, long Timestamp)>();
        Look((_, partition, timestamp) =>
        {
            asked.Add((partition, timestamp));
            return timestamp == Time && asked.Count < 3 ? (ErrorCode.LeaderNotAvailable, -1) : (ErrorCode.None, timestamp == Time ? -1 : 5);
        });
        Answer((_, _) => ErrorCode.None, first: 5);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var consumer = new Consumer(cluster, new ConsumerOptions());
        await consumer.AssignAsync([s_second], OffsetSpec.At(DateTimeOffset.FromUnixTimeMilliseconds(Time)));
        Assert.Empty(consumer.Positions);
        await ReadAsync(consumer, 1);
        Assert.Equal(["1 at 5"], _read);
        Assert.Equal([(1, Time), (1, Time), (1, Time), (1, -1)], asked);
    }

    [Fact]
    public async Task A_partition_that_does_not_exist_is_an_error_at_once()
    {
        Look((_, _, _) => (ErrorCode.None, 0));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var consumer = new Consumer(cluster, new ConsumerOptions());
        var missing = await Assert.ThrowsAsync<BrokerErrorException>(() => consumer.AssignAsync([new("t", 7)], OffsetSpec.Earliest));
        Assert.Equal("Partition t-7: UNKNOWN_TOPIC_OR_PARTITION (the topic has 2 partitions)", missing.Message);
    }

    private static Consumer Both(ClusterClient cluster)
    {
        var consumer = new Consumer(cluster, new ConsumerOptions());
        consumer.Assign(s_first, 0);
        consumer.Assign(s_second, 0);
        return consumer;
    }

    private static byte[] Batch(long offset, int partition)
    {
        using var builder = new RecordBatchBuilder();
        builder.AppendAt(new Offset(offset), 1, RecordBytes.Null, Encoding.ASCII.GetBytes($"{partition} at {offset}"));
        return builder.Build().ToArray();
    }

    private void Lead(params int[][] leaders)
    {
        _nodes.Leaders.Clear();
        foreach (int[] one in leaders)
        {
            _nodes.Leaders.Enqueue(one);
        }
    }

    private async Task ReadAsync(Consumer consumer, int count)
    {
        for (long start = Environment.TickCount64; _read.Count < count;)
        {
            Assert.True(Environment.TickCount64 - start < s_soon.TotalMilliseconds, $"only {_read.Count} records came");
            using FetchedRecords fetched = await consumer.FetchAsync().WaitAsync(s_soon);
            fetched.ForEach((TopicPartition _, in RecordView record) => _read.Add(Encoding.ASCII.GetString(record.Value.Span)));
        }
    }

    /// <summary>Lets each partition hold one record, or answer with an error.</summary>
    private void Answer(Func<int, int, ErrorCode> errorOf, long first = 0) => _nodes.On<FetchRequest, FetchResponse>((node, request) => new()
    {
        Responses = [.. request.Topics.Select(topic => new FetchResponse.FetchableTopicResponse
        {
            TopicId = topic.TopicId,
            Partitions = [.. topic.Partitions.Select(asked =>
            {
                _fetched.Add((node, asked.Partition));
                ErrorCode error = asked.FetchOffset < first ? ErrorCode.OffsetOutOfRange : errorOf(node, asked.Partition);
                return new FetchResponse.PartitionData
                {
                    PartitionIndex = asked.Partition,
                    ErrorCode = error,
                    HighWatermark = first + 1,
                    AbortedTransactions = null,
                    Records = error == ErrorCode.None && asked.FetchOffset == first ? Batch(first, asked.Partition) : ReadOnlyMemory<byte>.Empty,
                };
            })],
        })],
    });

    private void Look(Func<int, int, long, (ErrorCode Error, long Offset)> answer) => _nodes.On<ListOffsetsRequest, ListOffsetsResponse>((node, request) => new()
    {
        Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
        {
            Name = topic.Name,
            Partitions = [.. topic.Partitions.Select(asked =>
            {
                (ErrorCode error, long offset) = answer(node, asked.PartitionIndex, asked.Timestamp);
                return new ListOffsetsResponse.ListOffsetsPartitionResponse { PartitionIndex = asked.PartitionIndex, ErrorCode = error, Offset = offset };
            })],
        })],
    });
}
