using System.Text;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Consuming;
using Tidemark.Client.Producing;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;

namespace Tidemark.Network.Tests.Clients;

public class ClientTests
{
    [Theory]
    [InlineData(4, new short[] { 4 })]
    [InlineData(2, new short[] { 4, 2 })]
    public async Task Versions_are_agreed_on_with_old_brokers_too(short brokersMax, short[] asked)
    {
        using var broker = new ScriptedBroker(brokersMax);
        await using var cluster = new ClusterClient(broker.ClientOptions);
        ClusterMetadata metadata = await cluster.RefreshAsync(null);
        Assert.Equal("scripted", metadata.ClusterId);
        Assert.Equal([0, 1], metadata.Topics["t"].Partitions.Select(partition => partition.Partition));
        Assert.Equal(asked, broker.Requests.Where(request => request.Api == ApiKey.ApiVersions).Select(request => request.Version));
        Assert.Equal((short)12, broker.Requests.Last(request => request.Api == ApiKey.Metadata).Version);
    }

    [Theory]
    [InlineData(CompressionCodec.None, false)]
    [InlineData(CompressionCodec.Gzip, true)]
    public async Task What_is_produced_is_consumed_from_any_offset(CompressionCodec codec, bool idempotent)
    {
        const int Count = 1000;
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using (var producer = new Producer(cluster, new ProducerOptions { Codec = codec, Idempotent = idempotent, BatchBytesMax = 2000 }))
        {
            for (int i = 0; i < Count; i++)
            {
                var record = new ProducerRecord("t", Encoding.ASCII.GetBytes($"key {i}"), i % 10 == 0 ? null : Encoding.ASCII.GetBytes($"value {i}"))
                {
                    Partition = 1,
                    TimestampMs = 1000 + i,
                    Headers = [new RecordHeader("number", Encoding.ASCII.GetBytes(i.ToString(System.Globalization.CultureInfo.InvariantCulture)))],
                };
                await producer.PostAsync(record, delivery => Assert.Null(delivery.Error));
            }
        }

        Assert.True(broker.Batches.Count > 10);
        int sequence = 0;
        foreach ((_, int baseSequence, int count) in broker.Batches)
        {
            Assert.Equal(idempotent ? sequence : -1, baseSequence);
            sequence += count;
        }

        var partition = new TopicPartition("t", 1);
        var consumer = new Consumer(cluster, new ConsumerOptions());
        consumer.Assign(partition, 123);
        long next = 123;
        while (next < Count)
        {
            using FetchedRecords fetched = await consumer.FetchAsync();
            fetched.ForEach((TopicPartition from, in RecordView record) =>
            {
                Assert.Equal(partition, from);
                Assert.Equal(next, record.Offset);
                Assert.Equal(1000 + next, record.Timestamp);
                Assert.Equal($"key {next}", Encoding.ASCII.GetString(record.Key.Span));
                Assert.Equal(next % 10 == 0 ? null : $"value {next}", record.Value.IsNull ? null : Encoding.ASCII.GetString(record.Value.Span));
                next++;
            });
        }

        Assert.Equal(Count, consumer.Positions[partition]);
    }

    [Fact]
    public async Task Starting_points_are_looked_up_and_a_position_out_of_range_is_mended()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using var producer = new Producer(cluster, new ProducerOptions { Linger = TimeSpan.Zero });
        Assert.Equal(0, (await producer.SendAsync(new ProducerRecord("t", null, new byte[] { 1 }) { Partition = 0 })).Offset);
        Assert.Equal(1, (await producer.SendAsync(new ProducerRecord("t", null, new byte[] { 2 }) { Partition = 0 })).Offset);

        TopicPartition[] both = [new("t", 0), new("t", 1)];
        var consumer = new Consumer(cluster, new ConsumerOptions());
        await consumer.AssignAsync(both, OffsetSpec.Earliest);
        Assert.Equal([0, 0], both.Select(partition => consumer.Positions[partition]));
        await consumer.AssignAsync(both, OffsetSpec.At(DateTimeOffset.UnixEpoch));
        Assert.Equal([2, 0], both.Select(partition => consumer.Positions[partition]));

        consumer.Assign(both[0], 99);
        int records = 0;
        while (records == 0)
        {
            using FetchedRecords fetched = await consumer.FetchAsync();
            fetched.ForEach((TopicPartition _, in RecordView record) => records++);
        }

        Assert.InRange(consumer.Positions[both[0]], 1, 2);
    }

    [Fact]
    public async Task An_error_that_passes_is_tried_again_and_one_that_stays_is_told_by_name()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using var producer = new Producer(cluster, new ProducerOptions { Linger = TimeSpan.Zero });
        broker.ProduceErrors.Enqueue(ErrorCode.NotLeaderOrFollower);
        broker.ProduceErrors.Enqueue(ErrorCode.NotEnoughReplicas);
        Assert.Equal(0, (await producer.SendAsync(new ProducerRecord("t", null, new byte[1]) { Partition = 0 })).Offset);
        Assert.Empty(broker.ProduceErrors);

        broker.ProduceErrors.Enqueue(ErrorCode.MessageTooLarge);
        var error = await Assert.ThrowsAsync<BrokerErrorException>(() => producer.SendAsync(new ProducerRecord("t", null, new byte[1]) { Partition = 0 }));
        Assert.Equal("Writing to t-0: MESSAGE_TOO_LARGE", error.Message);
    }

    [Fact]
    public async Task A_connection_that_breaks_off_is_made_anew()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using var producer = new Producer(cluster, new ProducerOptions { Linger = TimeSpan.Zero });
        await producer.SendAsync(new ProducerRecord("t", null, new byte[1]) { Partition = 0 });
        broker.CutConnections();
        Assert.Equal(1, (await producer.SendAsync(new ProducerRecord("t", null, new byte[1]) { Partition = 0 })).Offset);
    }

    [Fact]
    public async Task Nobody_acknowledges_with_acks_of_zero_and_everything_still_arrives()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using var producer = new Producer(cluster, new ProducerOptions { Acks = 0, Linger = TimeSpan.Zero });
        Assert.Equal(-1, (await producer.SendAsync(new ProducerRecord("t", null, new byte[1]) { Partition = 0 })).Offset);
        RunningNetwork.Eventually(() => broker.Batches.Count == 1, "the batch arrives");
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_is_given_up()
    {
        using var broker = new ScriptedBroker { IsSilent = true };
        await using var cluster = new ClusterClient(broker.ClientOptions with { RequestTimeout = TimeSpan.FromMilliseconds(200), RetryMax = TimeSpan.FromMilliseconds(200) });
        await Assert.ThrowsAsync<RequestTimedOutException>(() => cluster.RefreshAsync(null));
    }

    [Fact]
    public async Task Trouble_is_told_in_words()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        var unknown = await Assert.ThrowsAsync<BrokerErrorException>(() => cluster.TopicAsync("none"));
        Assert.Equal("Topic none: UNKNOWN_TOPIC_OR_PARTITION", unknown.Message);
        await Assert.ThrowsAsync<UnsupportedApiException>(() => cluster.SendToAnyAsync<DescribeClusterResponse>(new DescribeClusterRequest()));

        await using var nobody = new ClusterClient(new ClientOptions { BootstrapServers = [new BrokerAddress("127.0.0.1", 1)] });
        var unreachable = await Assert.ThrowsAsync<BrokerUnreachableException>(() => nobody.RefreshAsync(null));
        Assert.Contains("127.0.0.1:1", unreachable.Message);
    }

    [Fact]
    public async Task Records_without_a_key_fill_one_partitions_batch_before_the_next()
    {
        using var broker = new ScriptedBroker();
        await using var cluster = new ClusterClient(broker.ClientOptions);
        await using (var producer = new Producer(cluster, new ProducerOptions { BatchBytesMax = 1000, Linger = TimeSpan.FromSeconds(5) }))
        {
            for (int i = 0; i < 100; i++)
            {
                await producer.PostAsync(new ProducerRecord("t", null, new byte[100]));
            }
        }

        Assert.Equal(100, broker.Batches.Sum(batch => batch.Count));
        Assert.InRange(broker.Batches.Count, 10, 15);
        Assert.Equal(2, broker.Batches.Select(batch => batch.Partition).Distinct().Count());
    }
}
