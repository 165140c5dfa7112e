using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Tests.Logs;

public class ProducerTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void The_last_five_batches_are_known_again_and_answered_as_the_first_time()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 6; i++)
        {
            Append(log, 7, 0, i);
        }

        for (int i = 1; i < 6; i++)
        {
            AppendResult again = Append(log, 7, 0, i);
            Assert.Equal((true, new Offset(i), ErrorCode.None), (again.Duplicate, again.First, again.Error));
        }

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(log, 7, 0, 0).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(log, 7, 0, 5, count: 2).Error);
        Assert.Equal(new Offset(6), log.LogEndOffset);
    }

    [Fact]
    public void An_unknown_producer_starts_anywhere_and_goes_on_without_a_gap()
    {
        PartitionLog log = _fixture.Open();
        Assert.Equal(ErrorCode.None, Append(log, 7, 0, 5).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(log, 7, 0, 7).Error);
        Assert.Equal(ErrorCode.None, Append(log, 7, 0, 6).Error);
    }

    [Fact]
    public void A_new_epoch_starts_with_sequence_zero_and_fences_the_old_one()
    {
        PartitionLog log = _fixture.Open();
        Append(log, 7, 1, 0);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(log, 7, 2, 1).Error);
        Assert.Equal(ErrorCode.None, Append(log, 7, 2, 0).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Append(log, 7, 1, 1).Error);
    }

    [Fact]
    public void After_the_largest_sequence_comes_zero()
    {
        PartitionLog log = _fixture.Open();
        Append(log, 7, 0, int.MaxValue - 1);
        Assert.Equal(ErrorCode.None, Append(log, 7, 0, int.MaxValue, count: 3).Error);
        Assert.Equal(1, Assert.Single(log.DescribeProducers()).LastSequence);
        Assert.Equal(ErrorCode.None, Append(log, 7, 0, 2).Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Producers_survive_a_restart_of_either_kind(bool clean)
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            Append(log, 7, 0, i);
            Append(log, 8, 2, i * 2, count: 2);
        }

        IReadOnlyList<ProducerDescription> before = log.DescribeProducers();
        if (clean)
        {
            log.Close();
        }
        else
        {
            log.FlushSealed();
        }

        PartitionLog again = _fixture.Open(clean: clean, recoveryPoint: log.RecoveryPoint.Value);
        Assert.Equal(before, again.DescribeProducers());
        for (int i = 35; i < 40; i++)
        {
            // Kafka's snapshots keep the last batch of each only; here all are known again that the producer may have in flight.
            Assert.True(Append(again, 7, 0, i).Duplicate);
            Assert.True(Append(again, 8, 2, i * 2, count: 2).Duplicate);
        }
    }

    [Fact]
    public void A_damaged_snapshot_is_passed_over_and_the_log_replayed()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            Append(log, 7, 0, i);
        }

        log.Close();
        string newest = _fixture.FileNames.Last(name => name.EndsWith(".snapshot", StringComparison.Ordinal));
        byte[] content = _fixture.ReadFile(newest);
        content[^1] ^= 1;
        _fixture.WriteFile(newest, content);
        PartitionLog again = _fixture.Open();
        Assert.Equal(39, Assert.Single(again.DescribeProducers()).LastSequence);
        Assert.Contains(_fixture.Events.Repairs, text => text.StartsWith(newest, StringComparison.Ordinal));
    }

    [Fact]
    public void A_truncation_takes_producers_back_as_well()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            Append(log, 7, 0, i);
        }

        log.FlushSealed();
        log.TruncateTo(new Offset(25));
        Assert.Equal(24, Assert.Single(log.DescribeProducers()).LastSequence);
        Assert.All([20, 21, 22, 23, 24], sequence => Assert.True(Append(log, 7, 0, sequence).Duplicate));
        Assert.Equal((false, ErrorCode.None), (Append(log, 7, 0, 25).Duplicate, log.IsFailed ? ErrorCode.KafkaStorageError : ErrorCode.None));
        log.TruncateFullyAndStartAt(new Offset(100));
        Assert.Empty(log.DescribeProducers());
    }

    [Fact]
    public void A_silent_producer_expires_unless_it_has_a_transaction_open()
    {
        PartitionLog log = _fixture.Open(LogOptions.Default with { ProducerIdExpirationMs = 1000 });
        Append(log, 7, 0, 0);
        Append(log, 8, 0, 0, transactional: true);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, log.ExpireProducers());
        Assert.Equal(8, Assert.Single(log.DescribeProducers()).ProducerId);
    }

    [Fact]
    public void A_marker_keeps_its_producer_known_like_a_batch()
    {
        // KAFKA-9144: a producer whose last news was a marker expired, and with it the coordinator's epoch, so that an older one was heard again.
        PartitionLog log = _fixture.Open(LogOptions.Default with { ProducerIdExpirationMs = 1000 });
        Append(log, 8, 0, 0, transactional: true);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: true, coordinatorEpoch: 4), default, AppendTerms.Coordinator);
        _fixture.Time.Advance(TimeSpan.FromMilliseconds(999));

        Assert.Equal(0, log.ExpireProducers());
        AppendResult late = log.AppendAsLeader(_fixture.Marker(8, 0, commit: true, coordinatorEpoch: 3), default, AppendTerms.Coordinator);
        Assert.Equal(ErrorCode.TransactionCoordinatorFenced, late.Error);
    }

    [Fact]
    public void A_follower_takes_what_its_leader_took_whatever_it_knows_of_the_producer()
    {
        // KAFKA-6003: a follower without the producer's state refused what its leader had taken, and asked for it for ever.
        PartitionLog log = _fixture.Open();
        foreach (int sequence in (int[])[5, 9, 9])
        {
            byte[] batch = _fixture.ProducerBatch(7, 0, sequence);
            RecordBatchHeader.Stamp(batch, log.LogEndOffset, new LeaderEpoch(1));
            Assert.Equal(ErrorCode.None, log.AppendAsFollower(batch).Error);
        }

        Assert.Equal(new Offset(3), log.LogEndOffset);
        Assert.Equal(9, Assert.Single(log.DescribeProducers()).LastSequence);
    }

    [Fact]
    public void An_open_transaction_holds_the_stable_offset_until_its_marker_is_replicated()
    {
        PartitionLog log = _fixture.Open();
        Append(log, 7, 0, 0);
        Append(log, 8, 0, 0, transactional: true);
        Append(log, 7, 0, 1);
        Assert.Equal(new Offset(1), log.LastStableOffset(new Offset(3)));
        AppendResult marker = log.AppendAsLeader(_fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
        Assert.Equal(new Offset(1), log.LastStableOffset(new Offset(4)));
        log.AdvanceHighWatermark(marker.End);
        Assert.Equal(new Offset(4), log.LastStableOffset(new Offset(4)));
        AbortedTransaction aborted = Assert.Single(log.AbortedTransactions(new Offset(0), new Offset(4)));
        Assert.Equal(new AbortedTransaction(8, 1, 3, 4), aborted);
        Assert.Empty(log.AbortedTransactions(new Offset(4), new Offset(10)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Transactions_survive_a_restart_of_either_kind(bool clean)
    {
        PartitionLog log = _fixture.Open();
        Append(log, 8, 0, 0, transactional: true);
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: false, coordinatorEpoch: 4), default, AppendTerms.Coordinator);
        Append(log, 8, 0, 1, transactional: true);
        IReadOnlyList<ProducerDescription> before = log.DescribeProducers();
        if (clean)
        {
            log.Close();
        }

        PartitionLog again = _fixture.Open(clean: clean);
        Assert.Equal(before, again.DescribeProducers());
        again.AdvanceHighWatermark(new Offset(3));
        Assert.Equal(new Offset(2), again.LastStableOffset(new Offset(3)));
        Assert.Equal(new AbortedTransaction(8, 0, 1, 2), Assert.Single(again.AbortedTransactions(new Offset(0), new Offset(3))));
    }

    [Fact]
    public void A_read_comes_with_the_aborted_transactions_of_what_it_holds_and_not_of_later_segments()
    {
        PartitionLog log = _fixture.Open();
        Append(log, 8, 0, 0, transactional: true);
        log.Roll();
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: true), default, AppendTerms.Coordinator);
        Append(log, 8, 0, 1, transactional: true);
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);

        using LogSlice first = log.Read(Offset.Zero, 1 << 20, new Offset(4), atLeastOneBatch: true);
        using LogSlice second = log.Read(new Offset(1), 1 << 20, new Offset(4), atLeastOneBatch: true);
        Assert.Empty(log.AbortedTransactions(Offset.Zero, first));
        Assert.Equal(2, Assert.Single(log.AbortedTransactions(new Offset(1), second)).FirstOffset);
    }

    [Fact]
    public void A_read_of_a_part_of_a_segment_comes_with_the_aborted_transactions_up_to_the_next_entry_of_its_index()
    {
        PartitionLog log = _fixture.Open(StorageFixture.SmallSegments with { SegmentBytes = 100_000 });
        for (int i = 0; i < 20; i++)
        {
            Append(log, 8, 0, i, transactional: true);
            log.AppendAsLeader(_fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
        }

        using LogSlice part = log.Read(Offset.Zero, 150, new Offset(40), atLeastOneBatch: true);
        Assert.InRange(log.AbortedTransactions(Offset.Zero, part).Count, 1, 3);
        using LogSlice all = log.Read(Offset.Zero, 1 << 20, new Offset(40), atLeastOneBatch: true);
        Assert.Equal(20, log.AbortedTransactions(Offset.Zero, all).Count);
    }

    [Fact]
    public void A_marker_of_a_replaced_coordinator_is_refused()
    {
        PartitionLog log = _fixture.Open();
        Append(log, 8, 0, 0, transactional: true);
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: true, coordinatorEpoch: 4), default, AppendTerms.Coordinator);
        AppendResult late = log.AppendAsLeader(_fixture.Marker(8, 0, commit: true, coordinatorEpoch: 3), default, AppendTerms.Coordinator);
        Assert.Equal(ErrorCode.TransactionCoordinatorFenced, late.Error);
    }

    private AppendResult Append(PartitionLog log, long producerId, short epoch, int sequence, int count = 1, bool transactional = false) =>
        log.AppendAsLeader(_fixture.ProducerBatch(producerId, epoch, sequence, count, transactional), default, StorageFixture.Verified);
}
