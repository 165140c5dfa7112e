using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Handlers;

/// <summary>
/// Idempotent producers have several batches in flight. When the first is refused by a broker that is not ready, and the second meets it when it is,
/// the second must not be judged as if the first had never been sent.
/// </summary>
public sealed class RefusedBatchTests
{
    private readonly BrokerWorld _world = new();
    private readonly TestClient _client;

    public RefusedBatchTests() => _client = _world.Connect();

    [Fact]
    public void What_was_in_flight_behind_a_refused_batch_is_refused_with_it_and_both_come_again_in_order()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(0).ErrorCode);
        _world.Quorum.CreateTopic("t");

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(1).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(2).ErrorCode);
        Assert.Equal([0L, 1L, 2L], new[] { Produce(0), Produce(1), Produce(2) }.Select(answer => answer.BaseOffset));
    }

    [Fact]
    public void A_batch_whose_predecessor_was_given_up_is_refused_once_and_then_judged_by_itself()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(0).ErrorCode);
        _world.Quorum.CreateTopic("t");

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(1).ErrorCode);
        Assert.Equal(ErrorCode.None, Produce(1).ErrorCode);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Produce(3).ErrorCode);
    }

    [Fact]
    public void Nobody_else_is_refused_for_it()
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(0).ErrorCode);
        _world.Quorum.CreateTopic("t");

        Assert.Equal(ErrorCode.None, _client.Produce("t", TestClient.Batch(producerId: 8, epoch: 0, sequence: 1)).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.Produce("t", TestClient.Batch(producerId: 7, epoch: 1, sequence: 1)).ErrorCode);
        Assert.Equal(ErrorCode.None, _client.Produce("t", TestClient.Batch()).ErrorCode);
        Assert.Equal(ErrorCode.None, _world.Connect().Produce("t", TestClient.Batch(producerId: 9, epoch: 0, sequence: 1)).ErrorCode);
    }

    [Theory]
    [InlineData(9, ErrorCode.UnknownTopicOrPartition)]
    [InlineData(11, ErrorCode.None)]
    public void What_comes_long_after_a_refused_batch_was_not_in_flight_with_it(int seconds, ErrorCode expected)
    {
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Produce(0).ErrorCode);
        _world.Quorum.CreateTopic("t");
        Assert.Equal(ErrorCode.None, _world.Connect().Produce("t", TestClient.Batch(producerId: 7, epoch: 0, sequence: 0)).ErrorCode);

        _world.World.Time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(expected, Produce(1).ErrorCode);
    }

    private ProduceResponse.PartitionProduceResponse Produce(int sequence) =>
        _client.Produce("t", TestClient.Batch(producerId: 7, epoch: 0, sequence: sequence));
}
