using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

public class LeaderEpochTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void An_epoch_ends_where_the_next_one_begins()
    {
        PartitionLog log = Log((2, 3), (4, 2), (7, 1));
        Assert.Equal((2, 3), End(log, 2));
        Assert.Equal((2, 3), End(log, 3));
        Assert.Equal((4, 5), End(log, 6));
        Assert.Equal((7, 6), End(log, 7));
        Assert.Equal((1, 0), End(log, 1));
        Assert.Equal((-2, 0), End(log, -2));
        Assert.Null(End(log, 8));
        Assert.Null(End(log, -1));
    }

    [Fact]
    public void A_leadership_without_records_is_remembered()
    {
        PartitionLog log = Log((2, 3));
        log.BeginEpoch(new LeaderEpoch(5));
        Assert.Equal((5, 3), End(log, 5));
        Assert.Equal((2, 3), End(log, 4));
    }

    [Fact]
    public void Truncation_trims_epochs_also_when_no_record_goes()
    {
        PartitionLog log = Log((2, 3));
        log.BeginEpoch(new LeaderEpoch(5));
        Assert.False(log.TruncateTo(new Offset(3)));
        Assert.Equal(new LeaderEpoch(2), log.Epochs.Latest);
        Assert.True(log.TruncateTo(new Offset(1)));
        Assert.Equal((2, 1), End(log, 2));
    }

    /// <summary>A leader lost power and its tail, leads again for a moment, and then copies what it lost from the next leader.</summary>
    [Fact]
    public void An_epoch_under_which_nothing_was_written_does_not_take_the_one_before_along()
    {
        PartitionLog log = Log((0, 3));
        log.BeginEpoch(new LeaderEpoch(1));
        log.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(0));
        log.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(1));
        Assert.Equal([new EpochStart(new LeaderEpoch(0), new Offset(0)), new EpochStart(new LeaderEpoch(1), new Offset(4))], log.Epochs.Entries.ToArray());
    }

    [Fact]
    public void A_moved_log_start_keeps_the_epoch_that_is_current_there()
    {
        PartitionLog log = Log((2, 3), (4, 2), (7, 1));
        log.AdvanceLogStart(new Offset(4));
        Assert.Equal(
            [new EpochStart(new LeaderEpoch(4), new Offset(4)), new EpochStart(new LeaderEpoch(7), new Offset(5))], log.Epochs.Entries.ToArray());
    }

    [Fact]
    public void The_file_is_as_kafka_writes_it_and_a_damaged_one_is_read_from_the_batches()
    {
        PartitionLog log = Log((0, 3), (4, 2));
        log.Close();
        Assert.Equal("0\n2\n0 0\n4 3\n"u8.ToArray(), _fixture.ReadFile("leader-epoch-checkpoint"));
        _fixture.WriteFile("leader-epoch-checkpoint", "0\n2\n0 0\n"u8);
        PartitionLog again = _fixture.Open();
        Assert.Equal([new EpochStart(new LeaderEpoch(0), new Offset(0)), new EpochStart(new LeaderEpoch(4), new Offset(3))], again.Epochs.Entries.ToArray());
    }

    [Fact]
    public void A_file_older_than_the_batches_is_not_believed()
    {
        PartitionLog log = Log((0, 3), (4, 2), (6, 1));
        log.Close();
        _fixture.WriteFile("leader-epoch-checkpoint", "0\n1\n0 0\n"u8);
        PartitionLog again = _fixture.Open();
        Assert.Equal((4, 5), End(again, 5));
        Assert.Equal((6, 6), End(again, 6));
    }

    [Fact]
    public void A_stop_writes_the_file_only_for_epochs_with_records()
    {
        PartitionLog log = Log((2, 3));
        log.Close();
        log = _fixture.Open();
        log.BeginEpoch(new LeaderEpoch(5));
        log.Close();
        Assert.Equal("0\n1\n2 0\n"u8.ToArray(), _fixture.ReadFile("leader-epoch-checkpoint"));

        log = _fixture.Open();
        log.BeginEpoch(new LeaderEpoch(6));
        log.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(6));
        log.Close();
        Assert.Equal("0\n2\n2 0\n6 3\n"u8.ToArray(), _fixture.ReadFile("leader-epoch-checkpoint"));
    }

    [Fact]
    public void A_batch_of_a_later_leader_than_the_one_that_sent_it_stays_out_and_no_room_is_made_for_it()
    {
        PartitionLog log = _fixture.Open();
        log.TruncateFullyAndStartAt(new Offset(1));
        byte[] straddling = _fixture.Batch("a", "b"), next = _fixture.Batch("c");
        RecordBatchHeader.Stamp(straddling, new Offset(0), new LeaderEpoch(3));
        RecordBatchHeader.Stamp(next, new Offset(2), new LeaderEpoch(4));
        byte[] both = [.. straddling, .. next];
        int cuts = log.Cuts;

        Assert.Equal((ErrorCode.None, 1L), Append(2));
        Assert.Equal(cuts, log.Cuts);
        Assert.Equal((ErrorCode.None, 2L), Append(3));
        Assert.Equal([new EpochStart(new LeaderEpoch(3), new Offset(0))], log.Epochs.Entries.ToArray());

        (ErrorCode, long) Append(int newest)
        {
            AppendResult result = log.AppendAsFollower(both, new LeaderEpoch(newest));
            return (result.Error, result.End.Value);
        }
    }

    [Fact]
    public void A_copied_batch_of_an_earlier_epoch_ends_a_leadership_that_wrote_nothing()
    {
        // A replica that lost its log with the power, led once more for a moment, and then copied what it had had.
        PartitionLog log = _fixture.Open();
        log.BeginEpoch(new LeaderEpoch(1));
        byte[] copied = _fixture.Batch("a");
        RecordBatchHeader.Stamp(copied, new Offset(0), new LeaderEpoch(0));
        log.AppendAsFollower(copied);

        Assert.Equal([new EpochStart(new LeaderEpoch(0), new Offset(0))], log.Epochs.Entries.ToArray());
        Assert.Equal((0, 1), End(log, 0));
    }

    [Fact]
    public void A_reset_takes_epochs_producers_and_segments_along_and_a_restart_finds_nothing_of_them()
    {
        // In another broker a reset kept the epochs, duplicates were answered with offsets that were gone, and sealed segments were forgotten.
        PartitionLog log = Log((0, 20), (4, 20));
        log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0), new LeaderEpoch(4));
        Assert.True(log.SegmentCount > 1);

        log.TruncateFullyAndStartAt(new Offset(100));

        Assert.Equal((0, 1), (log.Epochs.Entries.Length, log.SegmentCount));
        Assert.Empty(log.DescribeProducers());
        Assert.False(log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0), new LeaderEpoch(6)).Duplicate);
        log.Flush();
        PartitionLog again = _fixture.Open(clean: false, recoveryPoint: log.RecoveryPoint.Value, logStart: 100);
        Assert.Equal([new EpochStart(new LeaderEpoch(6), new Offset(100))], again.Epochs.Entries.ToArray());
        Assert.Equal((new Offset(100), new Offset(101), 1), (again.LogStart, again.LogEndOffset, again.SegmentCount));
    }

    [Fact]
    public void What_was_flushed_keeps_its_epochs_and_its_producers_through_a_loss_of_power()
    {
        // KAFKA-16541, KAFKA-9892: the files of epochs and producers were renamed without being flushed, and were empty afterwards.
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var fixture = new StorageFixture(seed);
            PartitionLog log = fixture.Open();
            for (int i = 0; i < 40; i++)
            {
                log.AppendAsLeader(fixture.ProducerBatch(7, 0, i), new LeaderEpoch(i / 10));
            }

            log.Flush();
            EpochStart[] epochs = log.Epochs.Entries.ToArray();
            fixture.Disk.CrashNow(CrashKind.Power);
            fixture.Disk.Restart();

            PartitionLog again = fixture.Open(clean: false, recoveryPoint: log.RecoveryPoint.Value);

            Assert.Equal(epochs, again.Epochs.Entries.ToArray());
            Assert.Equal(39, Assert.Single(again.DescribeProducers()).LastSequence);
            Assert.True(again.AppendAsLeader(fixture.ProducerBatch(7, 0, 39), new LeaderEpoch(5)).Duplicate);
        }
    }

    private static (int Epoch, long End)? End(PartitionLog log, int asked) =>
        log.EndOffsetForEpoch(new LeaderEpoch(asked), out LeaderEpoch epoch, out Offset end) ? (epoch.Value, end.Value) : null;

    private PartitionLog Log(params (int Epoch, int Records)[] leaderships)
    {
        PartitionLog log = _fixture.Open();
        foreach ((int epoch, int records) in leaderships)
        {
            for (int i = 0; i < records; i++)
            {
                log.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(epoch));
            }
        }

        return log;
    }
}
