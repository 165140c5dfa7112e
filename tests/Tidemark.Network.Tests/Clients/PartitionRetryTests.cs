using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Client.Topics;
using Tidemark.Client.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary>What is asked of partitions' leaders goes on when the leaders change.</summary>
public sealed class PartitionRetryTests : IDisposable
{
    private static readonly TopicPartition s_first = new("t", 0);
    private static readonly TopicPartition s_second = new("t", 1);

    private readonly ScriptedNodes _nodes = new();
    private readonly List<(int Node, int Partition)> _looked = [];

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task A_partition_without_a_leader_is_waited_for_and_the_others_are_asked_once()
    {
        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([1, -1]);
        _nodes.Leaders.Enqueue([1, -1]);
        _nodes.Leaders.Enqueue([1, 2]);
        await Both_offsets_are_found();
        Assert.Equal([(1, 0), (2, 1)], _looked);
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.LeaderNotAvailable)]
    [InlineData(ErrorCode.OffsetNotAvailable)]
    [InlineData(ErrorCode.UnknownTopicOrPartition)]
    public async Task An_error_of_a_partition_that_may_pass_is_asked_again_at_its_new_leader(ErrorCode passing)
    {
        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([1, 2]);
        _nodes.Leaders.Enqueue([1, 1]);
        await Both_offsets_are_found((node, partition) => node == 2 ? passing : ErrorCode.None);
        Assert.Equal([(1, 0), (2, 1), (1, 1)], _looked);
    }

    [Fact]
    public async Task A_leader_that_cannot_be_reached_is_waited_for_until_another_leads()
    {
        _nodes.Gone.Clear();
        _nodes.Gone.Enqueue([2]);
        _nodes.Gone.Enqueue([2]);
        _nodes.Gone.Enqueue([]);
        await Both_offsets_are_found();
        Assert.Equal([(1, 0), (2, 1)], _looked);
    }

    [Fact]
    public async Task A_leader_that_breaks_off_is_asked_again()
    {
        await Both_offsets_are_found(cutsFirst: true);
        Assert.Equal(3, _nodes.Asked(ApiKey.ListOffsets).Length);
        Assert.Equal([0, 1], _looked.Select(each => each.Partition).Order());
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_an_error_at_once()
    {
        _nodes.On<MetadataRequest, MetadataResponse>(new MetadataResponse { Topics = [new() { Name = "t", ErrorCode = ErrorCode.UnknownTopicOrPartition }] });
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        var missing = await Assert.ThrowsAsync<BrokerErrorException>(() => cluster.ListOffsetsAsync(Wanted()));
        Assert.Equal("Topic t: UNKNOWN_TOPIC_OR_PARTITION", missing.Message);
        Assert.Single(_nodes.Asked(ApiKey.Metadata));
    }

    [Fact]
    public async Task A_view_asks_once_and_one_partition_hides_no_other()
    {
        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([1, -1]);
        Answer((_, _) => ErrorCode.None);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> answers = await cluster.ListOffsetsAsync(Wanted(), once: true);
        Assert.Equal((ErrorCode.None, 100L), (answers[s_first].Error, answers[s_first].Offset));
        Assert.Equal((ErrorCode.LeaderNotAvailable, -1L), (answers[s_second].Error, answers[s_second].Offset));

        _nodes.Leaders.Clear();
        _nodes.Leaders.Enqueue([1, 2]);
        _nodes.Gone.Clear();
        _nodes.Gone.Enqueue([2]);
        answers = await cluster.ListOffsetsAsync(Wanted(), once: true);
        Assert.Equal((ErrorCode.None, ErrorCode.NetworkException), (answers[s_first].Error, answers[s_second].Error));
        Assert.Equal([(1, 0), (1, 0)], _looked);
    }

    [Fact]
    public async Task What_stays_an_error_is_told_when_the_time_is_over()
    {
        Answer((_, partition) => partition == 1 ? ErrorCode.OffsetNotAvailable : ErrorCode.None);
        await using var cluster = new ClusterClient(_nodes.ClientOptions with { RetryMax = TimeSpan.FromMilliseconds(50) });
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> answers = await cluster.ListOffsetsAsync(Wanted());
        Assert.Equal((ErrorCode.None, ErrorCode.OffsetNotAvailable), (answers[s_first].Error, answers[s_second].Error));
        Assert.Single(_looked, (1, 0));
    }

    [Fact]
    public async Task Producers_are_asked_for_again_and_a_marker_is_written_again()
    {
        DescribeProducersResponse Producers(ErrorCode error) => new()
        {
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1, ErrorCode = error, ActiveProducers = error == ErrorCode.None ? [new() { ProducerId = 7, CurrentTxnStartOffset = 3 }] : [] }] }],
        };
        WriteTxnMarkersResponse Marker(ErrorCode error) => new()
        {
            Markers = [new() { ProducerId = 7, Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1, ErrorCode = error }] }] }],
        };
        _nodes.On<DescribeProducersRequest, DescribeProducersResponse>(null, Producers(ErrorCode.NotLeaderOrFollower), Producers(ErrorCode.None));
        _nodes.On<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(Marker(ErrorCode.NotLeaderOrFollower), null, Marker(ErrorCode.None));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        PartitionProducer producer = Assert.Single(await cluster.ProducersAsync([s_second]));
        Assert.Equal(7, producer.ProducerId);
        await cluster.AbortAsync(producer);
        Assert.Equal([2, 2, 2], _nodes.Asked(ApiKey.DescribeProducers));
        Assert.Equal([2, 2, 2], _nodes.Asked(ApiKey.WriteTxnMarkers));

        _nodes.On<WriteTxnMarkersRequest, WriteTxnMarkersResponse>(Marker(ErrorCode.InvalidProducerEpoch));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, (await Assert.ThrowsAsync<BrokerErrorException>(() => cluster.AbortAsync(producer))).Code);
    }

    [Fact]
    public async Task Records_are_deleted_again_where_it_is_not_known_whether_they_were()
    {
        DeleteRecordsResponse Deleted(ErrorCode error) => new() { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 1, ErrorCode = error, LowWatermark = 5 }] }] };
        _nodes.On<DeleteRecordsRequest, DeleteRecordsResponse>(null, Deleted(ErrorCode.NotLeaderOrFollower), Deleted(ErrorCode.None));
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        IReadOnlyDictionary<TopicPartition, long> left = await cluster.DeleteRecordsAsync(new Dictionary<TopicPartition, long> { [s_second] = 5 }, TimeSpan.Zero);
        Assert.Equal(5, left[s_second]);
        Assert.Equal(3, _nodes.Asked(ApiKey.DeleteRecords).Length);
    }

    private static KeyValuePair<TopicPartition, OffsetSpec>[] Wanted() => [KeyValuePair.Create(s_first, OffsetSpec.Latest), KeyValuePair.Create(s_second, OffsetSpec.Latest)];

    private async Task Both_offsets_are_found(Func<int, int, ErrorCode>? errorOf = null, bool cutsFirst = false)
    {
        Answer(errorOf ?? ((_, _) => ErrorCode.None), cutsFirst);
        await using var cluster = new ClusterClient(_nodes.ClientOptions);
        IReadOnlyDictionary<TopicPartition, OffsetAnswer> answers = await cluster.ListOffsetsAsync(Wanted());
        Assert.Equal([100L, 101L], new[] { s_first, s_second }.Select(partition => answers[partition].Offset));
        Assert.All(answers.Values, answer => Assert.Equal(ErrorCode.None, answer.Error));
    }

    /// <summary>Lets every leader answer with 100 and the partition's number, or with an error.</summary>
    private void Answer(Func<int, int, ErrorCode> errorOf, bool cutsFirst = false) => _nodes.On<ListOffsetsRequest, ListOffsetsResponse>((node, request) =>
    {
        if (cutsFirst)
        {
            cutsFirst = false;
            return null;
        }

        _looked.AddRange(request.Topics.SelectMany(topic => topic.Partitions).Select(partition => (node, partition.PartitionIndex)));
        return new ListOffsetsResponse
        {
            Topics =
            [
                .. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(partition => new ListOffsetsResponse.ListOffsetsPartitionResponse
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = errorOf(node, partition.PartitionIndex),
                        Offset = 100 + partition.PartitionIndex,
                    })],
                }),
            ],
        };
    });
}
