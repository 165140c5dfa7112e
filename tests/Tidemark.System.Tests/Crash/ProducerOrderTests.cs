using Tidemark.Chaos.Checking;
using Tidemark.Simulator.Checking;

namespace Tidemark.System.Tests.Crash;

/// <summary>What the chaos run takes for a broken promise to an idempotent producer.</summary>
public sealed class ProducerOrderTests
{
    private static readonly PartitionId s_partition = new("t", default, 0);

    [Fact]
    public void Sequences_in_order_over_epochs_and_their_wrap_are_right() =>
        ProducerOrder.Check(s_partition, [Batch(0, 0, 5), Batch(1, 6, int.MaxValue), Batch(2, 0, 0), Batch(3, 0, 3, epoch: 2), Batch(4, 4, 4, epoch: 2)]);

    [Theory]
    [InlineData(5, 1)]
    [InlineData(4, 1)]
    [InlineData(7, 1)]
    [InlineData(6, 0)]
    [InlineData(6, 2)]
    public void A_sequence_taken_twice_or_left_out_and_an_epoch_gone_back_are_found(int sequence, short epoch) =>
        Assert.Throws<BrokenRuleException>(() => ProducerOrder.Check(s_partition, [Batch(0, 0, 5), Batch(1, sequence, sequence, epoch)]));

    [Fact]
    public void A_record_that_stands_twice_is_told_with_both_batches()
    {
        BatchMark[] batches = [Batch(0, 0, 1), Batch(2, 0, 0, epoch: 2)];

        Assert.Null(ProducerOrder.FindTwice(batches, ["a", "b", "c"]));
        string twice = ProducerOrder.FindTwice(batches, ["a", "b", "b"])!;
        Assert.Contains("producer 7/1 from 0, and at 2", twice);
        Assert.Contains("producer 7/2 from 0", twice);
    }

    private static BatchMark Batch(long offset, int first, int last, short epoch = 1) =>
        new(offset, offset + Math.Min(last - first, 1) + 1, 0, 0, 7, epoch, first, last, 0, false);
}
