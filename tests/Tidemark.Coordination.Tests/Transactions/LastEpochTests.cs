using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using static Tidemark.Coordination.Transactions.TransactionState;

namespace Tidemark.Coordination.Tests.Transactions;

/// <summary>The epochs of a producer id are used up when its transaction is aborted for it. How they are by its own end: <see cref="EndTransactionTests"/>.</summary>
public sealed class LastEpochTests
{
    private const short Last = TransactionMetadata.EpochMax;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_is_fenced_in_the_last_epoch_goes_on_with_a_new_id(bool isLate)
    {
        ShardWorld world = OpenInLastEpoch(version: 2);
        if (isLate)
        {
            world.Elapsed = TimeSpan.FromSeconds(20);
            world.Tick();
            Assert.Equal(Ongoing, world.State.State);
            Assert.Empty(world.Markers);
            world.Feed(shard => shard.AbortLate(Assert.Single(world.Late), new ProducerId(200), world.Now));
        }
        else
        {
            Assert.True(world.Init(fresh: -1).NeedsProducerId);
            Assert.Equal(Ongoing, world.State.State);
            Assert.Equal(ErrorCode.ConcurrentTransactions, world.Init(fresh: 200).Error);
        }

        Assert.Equal((100, short.MaxValue), (world.Markers[0].Writer.Id.Value, world.Markers[0].Writer.Epoch));
        world.Finish();
        Assert.Equal((CompleteAbort, 200L, 100L, 0), (world.State.State, world.State.ProducerId, world.State.PreviousProducerId, world.State.Epoch));

        // Its own abort came too late, and a commit too; nobody ever has the largest epoch.
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.EndAndRaise(false, Last));
        Assert.Equal(ErrorCode.InvalidTxnState, world.EndAndRaise(true, Last).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, world.EndAndRaise(false, short.MaxValue).Error);
        Assert.Equal(ErrorCode.ProducerFenced, world.Init(100, short.MaxValue).Error);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(100, Last));
    }

    [Fact]
    public void An_id_that_comes_when_the_late_transaction_is_over_ends_no_other()
    {
        ShardWorld world = OpenInLastEpoch(version: 2);
        world.Elapsed = TimeSpan.FromSeconds(20);
        world.Tick();
        TakeProducerId late = Assert.Single(world.Late);
        world.End(true, Last);
        world.Finish();
        world.Elapsed = TimeSpan.FromSeconds(21);
        world.Add(Last);

        world.Feed(shard => shard.AbortLate(late, new ProducerId(200), world.Now));

        Assert.Equal(Ongoing, world.State.State);
        Assert.Single(world.Markers);
    }

    [Fact]
    public void Before_version_two_the_largest_epoch_fences_and_whoever_begins_gets_a_new_id()
    {
        ShardWorld world = OpenInLastEpoch(version: 1);
        Assert.Equal(ErrorCode.ConcurrentTransactions, world.Init(fresh: -1).Error);
        world.Finish();
        Assert.Equal((100L, short.MaxValue), (world.State.ProducerId, world.State.Epoch));
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(fresh: 200));
    }

    [Fact]
    public void Who_had_the_last_epoch_before_another_began_is_fenced()
    {
        var world = new ShardWorld();
        world.Feed(shard => shard.Replay(TransactionRecords.Of(InLastEpoch(world), 2), null));
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(fresh: 200));
        Assert.Equal(ErrorCode.ProducerFenced, world.EndAndRaise(false, Last).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, world.EndAndRaise(false, Last - 1).Error);
    }

    [Fact]
    public void Who_asks_with_the_old_id_is_told_of_the_new_one_twice_and_then_fenced()
    {
        ShardWorld world = Rotated();
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(100, Last));
        Assert.Equal(ErrorCode.ProducerFenced, world.Init(100, Last).Error);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 1), world.Init(200, 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_late_retry_with_the_old_id_aborts_no_later_transaction_of_the_new_one(bool endsFirst)
    {
        ShardWorld world = Rotated();
        if (endsFirst)
        {
            Assert.Equal(ErrorCode.None, world.Add(0, producer: 200));
            Assert.Equal(ErrorCode.None, world.EndAndRaise(true, 0, producer: 200).Error);
            world.Finish();
        }
        else
        {
            Assert.Equal(1, world.Init(200, 0).Epoch);
        }

        Assert.Equal(ErrorCode.None, world.Add(1, producer: 200));
        Assert.Equal(ErrorCode.ProducerFenced, world.Init(100, Last).Error);
        Assert.Equal(Ongoing, world.State.State);
    }

    [Fact]
    public void An_epoch_that_the_new_id_never_had_is_no_retry_of_an_end()
    {
        ShardWorld world = Rotated();
        world.Init(100, Last);
        world.Add(0, producer: 200);
        world.End(true, 0, producer: 200);
        world.Finish();
        Assert.Equal(ErrorCode.ProducerFenced, world.EndAndRaise(true, Last, producer: 200).Error);
    }

    /// <summary>The producer had the last epoch of id 100 and begins anew with id 200.</summary>
    private static ShardWorld Rotated()
    {
        var world = new ShardWorld();
        world.Feed(shard => shard.Replay(TransactionRecords.Of(InLastEpoch(world), 2), null));
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(100, Last, fresh: 200));
        return world;
    }

    private static TransactionMetadata InLastEpoch(ShardWorld world) => TransactionMetadata.New(ShardWorld.Id, 100, 1_000, world.Now.UnixMs) with { Epoch = Last };

    private static ShardWorld OpenInLastEpoch(short version)
    {
        var world = new ShardWorld(new TransactionSettings { Version = version });
        world.Feed(shard => shard.Replay(TransactionRecords.Of(InLastEpoch(world), version), null));
        world.Feed(shard => shard.OnLoaded(world.View, world.Now));
        Assert.Equal(ErrorCode.None, world.Add(Last));
        return world;
    }
}
