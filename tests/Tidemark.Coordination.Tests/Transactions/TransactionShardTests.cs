using System.Text.RegularExpressions;
using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;
using static Tidemark.Coordination.Transactions.TransactionState;

namespace Tidemark.Coordination.Tests.Transactions;

public sealed class TransactionShardTests
{
    private readonly ShardWorld _world = new();

    [Fact]
    public void Whoever_begins_gets_the_next_epoch_and_the_one_before_is_fenced()
    {
        Assert.True(_world.Init(fresh: -1).NeedsProducerId);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 0), _world.Init());
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 1), _world.Init(fresh: -1));
        Assert.Equal(ErrorCode.ProducerFenced, _world.Add(0));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _world.Add(1, producer: 7));
        Assert.Equal(ErrorCode.None, _world.Add(1));
    }

    [Theory]
    [InlineData(0, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(-1, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(900_001, ErrorCode.InvalidTransactionTimeout)]
    [InlineData(900_000, ErrorCode.None)]
    [InlineData(1, ErrorCode.None)]
    public void A_timeout_lies_within_what_the_broker_allows(int timeoutMs, ErrorCode expected) => Assert.Equal(expected, _world.Init(timeoutMs: timeoutMs).Error);

    [Fact]
    public void A_producer_raises_its_own_epoch_and_may_ask_twice()
    {
        _world.Init();
        Assert.Equal(1, _world.Init(100, 0).Epoch);
        Assert.Equal(1, _world.Init(100, 0).Epoch);
        Assert.Equal(2, _world.Init(100, 1).Epoch);
        Assert.Equal(ErrorCode.ProducerFenced, _world.Init(100, 0).Error);
        Assert.Equal(ErrorCode.ProducerFenced, _world.Init(7, 2).Error);

        // Another instance: what the first one got may not be asked for again.
        _world.Init();
        Assert.Equal(ErrorCode.ProducerFenced, _world.Init(100, 2).Error);
    }

    [Fact]
    public void After_the_last_epoch_a_producer_begins_with_a_new_id()
    {
        _world.Feed(shard => shard.Replay(TransactionRecords.Of(TransactionMetadata.New(ShardWorld.Id, 100, 1000, 0) with { Epoch = TransactionMetadata.EpochMax }, 2), null));
        Assert.True(_world.Init(100, TransactionMetadata.EpochMax, fresh: -1).NeedsProducerId);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), _world.Init(100, TransactionMetadata.EpochMax, fresh: 200));
        Assert.Equal(100, _world.State.PreviousProducerId);
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 200, 0), _world.Init(100, TransactionMetadata.EpochMax, fresh: 300));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 2)]
    public void Beginning_anew_aborts_what_is_open_in_an_epoch_that_nobody_gets(short version, short markers)
    {
        var world = new ShardWorld(new TransactionSettings { Version = version });
        world.In(Ongoing, raises: false);
        Assert.Equal(ErrorCode.ConcurrentTransactions, world.Init().Error);
        SendMarkers abort = Assert.Single(world.Markers);
        Assert.Equal((false, (short)1, markers), (abort.Commit, abort.Writer.Epoch, abort.TransactionVersion));
        Assert.Equal(ErrorCode.ConcurrentTransactions, world.Init().Error);
        Assert.Equal(ErrorCode.ProducerFenced, world.Add(0));
        world.Finish();
        Assert.Equal(2, world.Init().Epoch);
    }

    [Theory]
    [InlineData(1, ErrorCode.ProducerFenced, -1)]
    [InlineData(2, ErrorCode.None, 1)]
    public void A_producer_whose_transaction_took_too_long_goes_on_with_what_it_had_from_version_two_on(short version, ErrorCode expected, short epoch)
    {
        var world = new ShardWorld(new TransactionSettings { Version = version });
        world.Init(timeoutMs: 1_000);
        world.Add(0);
        world.Elapsed = TimeSpan.FromSeconds(20);
        world.Tick();
        world.Finish();

        TransactionOutcome again = world.Init(100, 0);

        Assert.Equal((expected, epoch), (again.Error, again.Epoch));
        Assert.Equal(2, world.Init().Epoch);
        Assert.Equal(ErrorCode.ProducerFenced, world.Init(100, 0).Error);
    }

    [Fact]
    public void A_transaction_holds_all_partitions_that_were_added_since_it_began()
    {
        _world.Init();
        _world.Elapsed = TimeSpan.FromSeconds(1);
        Assert.Equal(ErrorCode.None, _world.Add(0, 100, ShardWorld.A));
        long began = _world.Now.UnixMs;
        _world.Elapsed = TimeSpan.FromSeconds(2);
        Assert.Equal(ErrorCode.None, _world.Add(0, 100, ShardWorld.B));
        int records = _world.Log.Count;
        Assert.Equal(ErrorCode.None, _world.Add(0, 100, ShardWorld.A, ShardWorld.B));
        Assert.Equal(records, _world.Log.Count);
        Assert.Equal((Ongoing, began, 2), (_world.State.State, _world.State.StartedMs, _world.State.Partitions.Count));
    }

    [Fact]
    public void An_added_partition_is_answered_for_when_it_is_committed_although_it_was_known_already()
    {
        _world.Init();
        _world.CommitsAtOnce = false;
        Assert.Null(_world.Ask<TransactionOutcome>((s, t) => s.AddPartitions(t, ShardWorld.Id, _world.State.Writer, [ShardWorld.A], 0, _world.Now)));
        Assert.Null(_world.Ask<TransactionOutcome>((s, t) => s.AddPartitions(t, ShardWorld.Id, _world.State.Writer, [ShardWorld.A], 0, _world.Now)));
    }

    [Theory]
    [InlineData(Empty, ErrorCode.TransactionAbortable)]
    [InlineData(Ongoing, ErrorCode.None)]
    [InlineData(PrepareCommit, ErrorCode.ConcurrentTransactions)]
    [InlineData(PrepareAbort, ErrorCode.ConcurrentTransactions)]
    [InlineData(CompleteCommit, ErrorCode.TransactionAbortable)]
    [InlineData(CompleteAbort, ErrorCode.TransactionAbortable)]
    public void Verification_tells_what_was_added(TransactionState state, ErrorCode expected)
    {
        ShardWorld world = new ShardWorld().In(state, raises: false);
        ErrorCode Verify(long producer, short epoch, TopicPartition partition) => world.Ask<IReadOnlyList<ErrorCode>>((s, t) =>
            s.Verify(t, ShardWorld.Id, new TransactionalWriter(new ProducerId(producer), epoch), [partition]))[0];
        Assert.Equal(expected, Verify(100, 0, ShardWorld.A));
        Assert.Equal(ErrorCode.ProducerFenced, Verify(100, 1, ShardWorld.A));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, Verify(7, 0, ShardWorld.A));
        Assert.Equal(state.IsPrepared() ? ErrorCode.ConcurrentTransactions : ErrorCode.TransactionAbortable, Verify(100, 0, ShardWorld.B));
    }

    [Fact]
    public void A_transaction_that_is_open_for_too_long_is_aborted_and_its_producer_fenced()
    {
        _world.Init(timeoutMs: 15_000);
        _world.Add(0);
        _world.Elapsed = TimeSpan.FromSeconds(10);
        _world.Tick();
        Assert.Equal(Ongoing, _world.State.State);
        _world.Elapsed = TimeSpan.FromSeconds(20);
        _world.Tick();
        Assert.Equal((PrepareAbort, (short)1), (_world.State.State, _world.State.Epoch));
        Assert.False(_world.Markers[^1].Commit);
        Assert.Equal(ErrorCode.ProducerFenced, _world.End(true, 0).Error);
        _world.Finish();

        // A client of version 2 whose abort comes too late learns its next epoch.
        Assert.Equal(new TransactionOutcome(ErrorCode.None, 100, 1), _world.EndAndRaise(false, 0));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void A_wall_clock_that_jumps_neither_prolongs_a_transaction_nor_ends_it(int hours)
    {
        _world.Init(timeoutMs: 15_000);
        _world.Add(0);
        _world.Elapsed = TimeSpan.FromSeconds(10);
        _world.Tick();
        _world.WallJump = TimeSpan.FromHours(hours);
        _world.Elapsed = TimeSpan.FromSeconds(14);
        _world.Tick();
        Assert.Equal(Ongoing, _world.State.State);
        _world.Elapsed = TimeSpan.FromSeconds(30);
        _world.Tick();
        Assert.Equal(PrepareAbort, _world.State.State);
    }

    [Theory]
    [InlineData(Empty, true)]
    [InlineData(CompleteCommit, true)]
    [InlineData(CompleteAbort, true)]
    [InlineData(PrepareCommit, false)]
    public void An_id_that_nobody_uses_is_forgotten(TransactionState state, bool expected)
    {
        var world = new ShardWorld(new TransactionSettings { IdExpirationMs = 7_200_000 });
        world.In(state, raises: true);
        world.Elapsed = TimeSpan.FromHours(1);
        world.Tick();
        Assert.NotNull(world.Shard.Find(ShardWorld.Id));
        world.Elapsed = TimeSpan.FromHours(2);
        world.Tick();
        Assert.Equal(expected, world.Shard.Find(ShardWorld.Id) is null);
        world.Failover();
        Assert.Equal(expected, world.Shard.Find(ShardWorld.Id) is null);
    }

    [Fact]
    public void Nothing_is_to_be_done_where_nothing_is_kept() => Assert.Null(_world.Shard.NextDeadline);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    public void Records_are_of_the_clusters_version_and_a_new_coordinator_knows_the_same(short version, short expected)
    {
        foreach (TransactionState state in (TransactionState[])[Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort])
        {
            var world = new ShardWorld(new TransactionSettings { Version = version });
            world.In(state, raises: version == 2);
            Assert.All(world.Log, r => Assert.Equal(expected, r.ValueVersion));
            Assert.Equal(state == Empty, ((TransactionLogValue)world.Log[^1].Value!).TransactionPartitions is null);
            TransactionMetadata before = world.State;
            world.Failover();
            Assert.Equal(before with { LastEpoch = -1, Partitions = [] }, world.State with { Partitions = [] });
            Assert.True(before.Partitions.SetEquals(world.State.Partitions));
        }
    }

    [Fact]
    public void Transactions_are_described_and_listed_as_they_are_committed()
    {
        _world.In(Ongoing, raises: false);
        _world.CommitsAtOnce = false;
        _world.End(true, 0);
        DescribeTransactionsResponse.TransactionStateEntry described = _world.Ask<DescribeTransactionsResponse.TransactionStateEntry>((s, t) => s.Describe(t, ShardWorld.Id));
        Assert.Equal(("Ongoing", 100L, (short)0, 60_000), (described.TransactionState, described.ProducerId, described.ProducerEpoch, described.TransactionTimeoutMs));
        Assert.Equal("a", Assert.Single(described.Topics).Topic);
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _world.Ask<DescribeTransactionsResponse.TransactionStateEntry>((s, t) => s.Describe(t, "none")).ErrorCode);
        int List(ListTransactionsRequest request, string? pattern = null) =>
            _world.Ask<List<ListTransactionsResponse.TransactionStateEntry>>((s, t) => s.List(t, request, pattern is null ? null : new Regex(pattern), _world.Now)).Count;
        _world.Elapsed = TimeSpan.FromSeconds(5);
        Assert.Equal(1, List(new()));
        Assert.Equal(1, List(new() { StateFilters = ["Ongoing"], ProducerIdFilters = [100, 7], DurationFilter = 4_999 }, "^x$"));
        Assert.Equal(0, List(new() { StateFilters = ["Empty"] }));
        Assert.Equal(0, List(new() { ProducerIdFilters = [7] }));
        Assert.Equal(0, List(new() { DurationFilter = 5_000 }));
        Assert.Equal(0, List(new(), "^y$"));
    }
}
