using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Xunit;
using static Tidemark.Coordination.Transactions.TransactionState;

namespace Tidemark.Coordination.Tests.Transactions;

public sealed class EndTransactionTests
{
    /// <summary>Clients before version 2: the epoch says nothing, the state all.</summary>
    [Theory]
    [InlineData(Empty, true, ErrorCode.InvalidTxnState)]
    [InlineData(Empty, false, ErrorCode.InvalidTxnState)]
    [InlineData(Ongoing, true, ErrorCode.None)]
    [InlineData(Ongoing, false, ErrorCode.None)]
    [InlineData(PrepareCommit, true, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareCommit, false, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareAbort, true, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareAbort, false, ErrorCode.ConcurrentTransactions)]
    [InlineData(CompleteCommit, true, ErrorCode.None)]
    [InlineData(CompleteCommit, false, ErrorCode.InvalidTxnState)]
    [InlineData(CompleteAbort, true, ErrorCode.InvalidTxnState)]
    [InlineData(CompleteAbort, false, ErrorCode.None)]
    public void An_end_of_old_fits_the_state(TransactionState state, bool commit, ErrorCode expected)
    {
        ShardWorld world = new ShardWorld().In(state, raises: false);
        Assert.Equal(expected, world.End(commit, 0).Error);
        Assert.Equal(ErrorCode.ProducerFenced, world.End(commit, 1).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, world.End(commit, 0, producer: 7).Error);
    }

    /// <summary>KIP-890: the epoch tells an end that comes again from the end of the next transaction.</summary>
    [Theory]
    [InlineData(Empty, true, ErrorCode.ProducerFenced, ErrorCode.InvalidTxnState)]
    [InlineData(Empty, false, ErrorCode.ProducerFenced, ErrorCode.None)]
    [InlineData(PrepareCommit, true, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareCommit, false, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareAbort, true, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareAbort, false, ErrorCode.ConcurrentTransactions, ErrorCode.ConcurrentTransactions)]
    [InlineData(CompleteCommit, true, ErrorCode.None, ErrorCode.InvalidTxnState)]
    [InlineData(CompleteCommit, false, ErrorCode.InvalidTxnState, ErrorCode.None)]
    [InlineData(CompleteAbort, true, ErrorCode.InvalidTxnState, ErrorCode.InvalidTxnState)]
    [InlineData(CompleteAbort, false, ErrorCode.None, ErrorCode.None)]
    public void An_end_of_version_two_fits_state_and_epoch(TransactionState state, bool commit, ErrorCode again, ErrorCode next)
    {
        short epoch = new ShardWorld().In(state, raises: true).State.Epoch;
        TransactionOutcome retried = new ShardWorld().In(state, raises: true).EndAndRaise(commit, (short)(epoch - 1));
        Assert.Equal(again, retried.Error);
        Assert.Equal(again == ErrorCode.None ? epoch : (short)-1, retried.Epoch);

        TransactionOutcome another = new ShardWorld().In(state, raises: true).EndAndRaise(commit, epoch);
        Assert.Equal(next, another.Error);
        Assert.Equal(next == ErrorCode.None ? (short)(epoch + 1) : (short)-1, another.Epoch);
    }

    [Fact]
    public void An_abort_before_anything_is_written_waits_for_the_end_of_the_commit_before()
    {
        ShardWorld world = new ShardWorld().In(Ongoing, raises: true);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 1), world.EndAndRaise(true, 0));
        Assert.Equal(ErrorCode.ConcurrentTransactions, world.EndAndRaise(false, 1).Error);
        world.Finish();
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 2), world.EndAndRaise(false, 1));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Each_transaction_of_version_two_ends_in_an_epoch_of_its_own(bool commit)
    {
        ShardWorld world = new ShardWorld().In(Ongoing, raises: true);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 1), world.EndAndRaise(commit, 0));
        SendMarkers markers = Assert.Single(world.Markers);
        Assert.Equal((1, commit, 2), (markers.Writer.Epoch, markers.Commit, markers.TransactionVersion));
        world.Finish();
        Assert.Equal(commit ? CompleteCommit : CompleteAbort, world.State.State);
        Assert.Equal(ErrorCode.None, world.Add(1));
        Assert.Equal(ErrorCode.ProducerFenced, world.Add(0));
    }

    [Fact]
    public void After_the_last_epoch_comes_a_new_producer_id()
    {
        var world = new ShardWorld();
        world.Feed(shard => shard.Replay(TransactionRecords.Of(TransactionMetadata.New(ShardWorld.Id, 100, 1000, 0) with { Epoch = TransactionMetadata.EpochMax }, 2), null));
        Assert.Equal(ErrorCode.None, world.Add(TransactionMetadata.EpochMax));
        Assert.True(world.EndAndRaise(true, TransactionMetadata.EpochMax).NeedsProducerId);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.EndAndRaise(true, TransactionMetadata.EpochMax, fresh: 200));
        Assert.Equal((100, short.MaxValue), (world.Markers[0].Writer.Id.Value, world.Markers[0].Writer.Epoch));
        world.Finish();
        Assert.Equal((200L, 100L, 0), (world.State.ProducerId, world.State.PreviousProducerId, world.State.Epoch));

        // The answer was lost.
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.EndAndRaise(true, TransactionMetadata.EpochMax));
        Assert.Equal(ErrorCode.InvalidTxnState, world.EndAndRaise(false, TransactionMetadata.EpochMax).Error);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.Init(100, TransactionMetadata.EpochMax));
    }

    [Fact]
    public void Nobody_is_told_of_an_end_before_it_is_committed()
    {
        ShardWorld world = new ShardWorld().In(Ongoing, raises: false);
        world.CommitsAtOnce = false;
        Assert.Null(world.End(true, 0));
        Assert.Empty(world.Markers);
        world.Commit();
        Assert.Equal([ShardWorld.A], Assert.Single(world.Markers).Partitions);
    }

    [Fact]
    public void That_one_end_is_complete_is_not_taken_for_word_of_the_next()
    {
        // A client before version 2 ends its next transaction in the same epoch, here without waiting for answers.
        ShardWorld world = new ShardWorld().In(PrepareCommit, raises: false);
        world.CommitsAtOnce = false;
        world.Finish();
        world.Send((shard, ticket) => shard.AddPartitions(ticket, ShardWorld.Id, world.State.Writer, [ShardWorld.B], 0, world.Now));
        world.End(false, 0);
        Assert.Single(world.Markers);

        world.CommitFirst();

        Assert.Equal(PrepareAbort, world.State.State);
        Assert.Single(world.Markers);
        world.Commit();
        Assert.Equal([ShardWorld.B], world.Markers[1].Partitions);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_has_the_largest_epoch_ends_and_is_fenced_all_the_same(bool isFenced)
    {
        // No client is given that epoch here. One may guess it after its last one was fenced, and other brokers did give it out.
        var world = new ShardWorld();
        world.Feed(shard => shard.Replay(TransactionRecords.Of(TransactionMetadata.New(ShardWorld.Id, 100, 1000, world.Now.UnixMs) with { Epoch = short.MaxValue }, 2), null));
        Assert.Equal(ErrorCode.None, world.Add(short.MaxValue));
        if (isFenced)
        {
            Assert.Equal(ErrorCode.ConcurrentTransactions, world.Init(fresh: 200).Error);
        }
        else
        {
            Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), world.EndAndRaise(true, short.MaxValue, fresh: 200));
        }

        Assert.Equal(short.MaxValue, Assert.Single(world.Markers).Writer.Epoch);
        world.Finish();
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 1), world.Init(fresh: 300));
    }

    [Fact]
    public void An_end_that_could_not_be_written_leaves_the_transaction_open()
    {
        ShardWorld world = new ShardWorld().In(Ongoing, raises: false);
        world.CommitsAtOnce = false;
        world.End(true, 0);
        world.Fail(ErrorCode.NotEnoughReplicas);
        Assert.Equal(Ongoing, world.State.State);
        Assert.Empty(world.Markers);
    }

    [Fact]
    public void A_new_coordinator_carries_out_what_was_prepared()
    {
        ShardWorld world = new ShardWorld().In(PrepareCommit, raises: true);
        SendMarkers before = Assert.Single(world.Markers);
        world.Failover();
        SendMarkers after = Assert.Single(world.Markers);
        Assert.Equal(before with { Partitions = [] }, after with { Partitions = [] });
        Assert.Equal(before.Partitions, after.Partitions);
        world.Finish();
        Assert.Equal(CompleteCommit, world.State.State);
        world.Failover();
        Assert.Empty(world.Markers);
    }

    [Fact]
    public void A_completion_that_could_not_be_written_is_tried_again_later()
    {
        ShardWorld world = new ShardWorld().In(PrepareAbort, raises: true);
        world.CommitsAtOnce = false;
        world.Finish();
        world.Fail(ErrorCode.NotEnoughReplicas);
        Assert.Single(world.Markers);
        world.CommitsAtOnce = true;
        world.Elapsed = world.Shard.NextDeadline!.Value;
        world.Tick();
        Assert.Equal(2, world.Markers.Count);
        world.Finish();
        Assert.Equal(CompleteAbort, world.State.State);
    }

    [Fact]
    public void Aborting_nothing_tells_nobody_and_raises_the_epoch()
    {
        ShardWorld world = new ShardWorld().In(Empty, raises: true);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 1), world.EndAndRaise(false, 0));
        Assert.Equal(CompleteAbort, world.State.State);
        Assert.Empty(world.Markers);
        Assert.Equal(world.Now.UnixMs, world.State.StartedMs);
    }

    [Fact]
    public void A_partition_of_the_next_transaction_waits_until_the_one_before_has_ended()
    {
        ShardWorld world = new ShardWorld().In(PrepareCommit, raises: true);
        long waiting = world.Send((shard, ticket) => shard.AddPartitions(ticket, ShardWorld.Id, new TransactionalWriter(new ProducerId(100), 1), [ShardWorld.B], 2, world.Now));
        Assert.Null(world.AnswerTo<TransactionOutcome>(waiting));
        world.Finish();
        Assert.Equal(TransactionOutcome.Success, world.AnswerTo<TransactionOutcome>(waiting));
        Assert.Equal((Ongoing, true), (world.State.State, world.State.Partitions.SetEquals([ShardWorld.B])));
    }

    [Fact]
    public void It_does_not_wait_for_long()
    {
        ShardWorld world = new ShardWorld().In(PrepareAbort, raises: false);
        long waiting = world.Send((shard, ticket) => shard.AddPartitions(ticket, ShardWorld.Id, new TransactionalWriter(new ProducerId(100), 0), [ShardWorld.B], 0, world.Now));
        Assert.Equal(ErrorCode.ProducerFenced, world.Add(1));
        world.Elapsed = world.Shard.NextDeadline!.Value;
        Assert.InRange(world.Elapsed, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(500));
        world.Tick();
        Assert.Equal(ErrorCode.ConcurrentTransactions, world.AnswerTo<TransactionOutcome>(waiting).Error);
        world.Finish();
        Assert.Equal(CompleteAbort, world.State.State);
    }

    [Fact]
    public void A_late_word_of_markers_does_not_end_the_next_transaction()
    {
        ShardWorld world = new ShardWorld().In(PrepareCommit, raises: true);
        SendMarkers first = world.Markers[0];
        world.Finish();
        world.Add(1);
        world.EndAndRaise(false, 1);
        world.Feed(shard => shard.OnMarkersWritten(first.TransactionalId, first.Writer, world.Now));
        Assert.Equal(PrepareAbort, world.State.State);
    }
}
