using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

public class AppendAndReadTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void The_leader_gives_offsets_and_its_epoch_and_leaves_the_checksum_right()
    {
        PartitionLog log = _fixture.Open();
        AppendResult first = log.AppendAsLeader(_fixture.Batch("a", "b"), new LeaderEpoch(3));
        byte[] batch = _fixture.Batch("c");
        AppendResult second = log.AppendAsLeader(batch, new LeaderEpoch(3));

        Assert.Equal((new Offset(0), new Offset(1)), (first.First, first.Last));
        Assert.Equal((new Offset(2), new Offset(2), new Offset(3)), (second.First, second.Last, second.End));
        var header = new RecordBatchHeader(batch);
        Assert.Equal((new Offset(2), new LeaderEpoch(3), true), (header.BaseOffset, header.LeaderEpoch, header.CrcIsValid()));
        Assert.Equal(["0:a", "1:b", "2:c"], StorageFixture.ReadAll(log));
    }

    [Fact]
    public void A_read_never_passes_its_bound_and_gives_the_first_batch_whole()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(_fixture.Batch($"{i}a", $"{i}b"), default);
        }

        Assert.True(log.SegmentCount > 2);
        for (long bound = 0; bound <= 80; bound += 2)
        {
            Assert.Equal(bound, StorageFixture.ReadAll(log, 0, bound).Count);
        }

        using LogSlice whole = log.Read(new Offset(1), 1, new Offset(80), atLeastOneBatch: true);
        Assert.Equal(_fixture.Batch("0a", "0b").Length, whole.Length);
        using LogSlice none = log.Read(new Offset(1), 1, new Offset(80), atLeastOneBatch: false);
        Assert.True(none.IsEmpty);
        using LogSlice end = log.Read(new Offset(80), 100, new Offset(80), true);
        Assert.True(end.IsEmpty && end.Error == ErrorCode.None);
        using LogSlice beyond = log.Read(new Offset(81), 100, new Offset(100), true);
        Assert.Equal(ErrorCode.OffsetOutOfRange, beyond.Error);
    }

    [Fact]
    public void Every_offset_is_found_in_every_segment_also_after_a_restart()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 300; i++)
        {
            log.AppendAsLeader(_fixture.Batch(Enumerable.Repeat("x", 1 + (i % 3)).ToArray()), default);
        }

        AssertAllFound(log);
        log.Close();
        PartitionLog again = _fixture.Open();
        AssertAllFound(again);

        static void AssertAllFound(PartitionLog log)
        {
            for (long offset = 0; offset < log.LogEndOffset.Value; offset++)
            {
                Assert.Equal($"{offset}:x", StorageFixture.ReadAll(log, offset, log.LogEndOffset.Value)[0]);
            }
        }
    }

    [Fact]
    public void A_follower_takes_offsets_as_they_are_and_leaves_a_torn_batch_out()
    {
        PartitionLog leader = _fixture.Open();
        for (int i = 0; i < 3; i++)
        {
            leader.AppendAsLeader(_fixture.Batch($"v{i}"), new LeaderEpoch(i));
        }

        using LogSlice slice = leader.Read(new Offset(0), 10_000, leader.LogEndOffset, true);
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        var other = new StorageFixture();
        PartitionLog follower = other.Open();
        AppendResult torn = follower.AppendAsFollower(bytes.AsSpan(0, bytes.Length - 1));
        Assert.Equal((ErrorCode.None, new Offset(2)), (torn.Error, torn.End));
        Assert.Equal(ErrorCode.OffsetOutOfRange, follower.AppendAsFollower(bytes).Error);
        Assert.Equal(new LeaderEpoch(1), follower.Epochs.Latest);
        bytes[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, follower.AppendAsFollower(bytes.AsSpan(bytes.Length / 3 * 2)).Error);
    }

    [Fact]
    public void After_a_failed_write_the_log_takes_nothing_more()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch("a"), default);
        _fixture.Disk.FailUnder(StorageFixture.Directory, reads: false);
        Assert.Equal(ErrorCode.KafkaStorageError, log.AppendAsLeader(_fixture.Batch("b"), default).Error);
        _fixture.Disk.Heal();
        Assert.Equal(ErrorCode.KafkaStorageError, log.AppendAsLeader(_fixture.Batch("c"), default).Error);
        using LogSlice slice = log.Read(new Offset(0), 100, new Offset(1), true);
        Assert.Equal(ErrorCode.KafkaStorageError, slice.Error);
        Assert.Throws<IOException>(log.Flush);
    }

    [Fact]
    public void A_slice_stays_readable_after_its_segment_is_deleted()
    {
        PartitionLog log = _fixture.Open();
        byte[] batch = _fixture.Batch("a");
        log.AppendAsLeader(batch, default);
        using LogSlice slice = log.Read(new Offset(0), 100, new Offset(1), true);
        log.TruncateFullyAndStartAt(new Offset(50));
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        Assert.Equal(batch, bytes);
    }

    [Fact]
    public void Few_file_handles_serve_many_segments()
    {
        var fixture = new StorageFixture { Files = new(4) };
        PartitionLog log = fixture.Open();
        for (int i = 0; i < 200; i++)
        {
            log.AppendAsLeader(fixture.Batch($"{i}"), default);
            Assert.Equal(i + 1, StorageFixture.ReadAll(log).Count);
        }

        Assert.InRange(fixture.Files.OpenFiles, 1, 4);
    }

    [Fact]
    public void Handles_are_given_back_when_fewer_may_be_open_and_taken_again_when_more_may()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 100; i++)
        {
            log.AppendAsLeader(_fixture.Batch($"{i}"), default);
        }

        Assert.Equal(100, StorageFixture.ReadAll(log).Count);
        int open = _fixture.Files.OpenFiles;
        Assert.InRange(open, 5, 64);
        _fixture.Files.Bound(2);
        Assert.InRange(_fixture.Files.OpenFiles, 0, 2);
        Assert.Equal(100, StorageFixture.ReadAll(log).Count);
        Assert.InRange(_fixture.Files.OpenFiles, 1, 2);
        _fixture.Files.Bound(64);
        Assert.Equal(100, StorageFixture.ReadAll(log).Count);
        Assert.InRange(_fixture.Files.OpenFiles, 5, 64);
    }
}
