using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

/// <summary>Logs that go back or begin anew: what is read meanwhile, and what a crash leaves.</summary>
public class TruncationTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void A_read_while_the_log_begins_anew_does_not_take_missing_files_for_a_failing_disk()
    {
        var disk = new WatchedDisk(_fixture.Disk);
        PartitionLog log = PartitionLog.Open(
            _fixture.Surroundings with { Disk = disk }, StorageFixture.Directory, StorageFixture.Partition, LogOptions.Default, Offset.Zero, Offset.Zero, true);
        log.AppendAsLeader(_fixture.Batch("a", "b"), default);
        LogSlice? slice = null;
        var reader = new Thread(() => slice = log.Read(Offset.Zero, 1000, new Offset(2), atLeastOneBatch: true));
        disk.AfterLogIsDeleted = () =>
        {
            reader.Start();
            SpinWait.SpinUntil(() => reader.ThreadState is ThreadState.WaitSleepJoin or ThreadState.Stopped);
        };
        log.TruncateFullyAndStartAt(new Offset(100));
        reader.Join();

        Assert.Equal((ErrorCode.OffsetOutOfRange, false), (slice!.Error, log.IsFailed));
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(_fixture.Batch("c"), default).Error);
    }

    /// <summary>DeleteRecords moved the leader's start into a batch, and batches are kept whole.</summary>
    [Fact]
    public void A_follower_that_begins_within_a_batch_takes_it_whole()
    {
        var source = new StorageFixture();
        PartitionLog leader = source.Open();
        byte[] first = source.Batch("a", "b", "c"), second = source.Batch("d");
        leader.AppendAsLeader(first, default);
        leader.AppendAsLeader(second, default);
        PartitionLog log = _fixture.Open();
        log.TruncateFullyAndStartAt(new Offset(1));
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(first).Error);
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(second).Error);
        Assert.Equal((new Offset(1), new Offset(4)), (log.LogStart, log.LogEndOffset));
        Assert.Equal(["1:b", "2:c", "3:d"], StorageFixture.ReadAll(log));
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.Read(Offset.Zero, 100, new Offset(4), true).Error);
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.AppendAsFollower(second).Error);
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
        Assert.Equal(["1:b", "2:c", "3:d"], StorageFixture.ReadAll(_fixture.Open(clean: false, recoveryPoint: 1, logStart: 1)));
    }

    /// <summary>The leader's epochs begin within a batch, where its log begins since records were deleted; a follower may be told to end there.</summary>
    [Fact]
    public void A_log_that_is_cut_within_a_batch_ends_where_the_batch_began()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch("a", "b"), new LeaderEpoch(1));
        log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0, count: 3), new LeaderEpoch(2));
        log.AppendAsLeader(_fixture.Batch("f"), new LeaderEpoch(3));

        Assert.True(log.TruncateTo(new Offset(4)));

        Assert.Equal((new Offset(2), new LeaderEpoch(1)), (log.LogEndOffset, log.Epochs.Latest));
        Assert.Empty(log.DescribeProducers());
        Assert.Equal(new Offset(2), log.AppendAsLeader(_fixture.Batch("g"), new LeaderEpoch(4)).First);
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
        Assert.Equal(["0:a", "1:b", "2:g"], StorageFixture.ReadAll(_fixture.Open(clean: false)));
    }

    [Fact]
    public void A_log_that_is_cut_within_the_batch_in_which_it_begins_is_empty_and_begins_there()
    {
        PartitionLog log = _fixture.Open();
        byte[] batch = _fixture.Batch("a", "b", "c", "d");
        log.AppendAsLeader(batch, default);
        log.AdvanceLogStart(new Offset(1));

        Assert.True(log.TruncateTo(new Offset(2)));

        Assert.Equal((new Offset(1), new Offset(1)), (log.LogStart, log.LogEndOffset));
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(batch).Error);
        Assert.Equal(["1:b", "2:c", "3:d"], StorageFixture.ReadAll(log));
    }

    /// <summary>A leadership that wrote nothing is noted at the log's end, and nobody else knows of it.</summary>
    [Fact]
    public void An_epoch_without_records_goes_also_when_the_log_is_shorter_than_it_should_become()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch("a"), new LeaderEpoch(1));
        log.BeginEpoch(new LeaderEpoch(2));

        Assert.False(log.TruncateTo(new Offset(5)));

        Assert.Equal(new LeaderEpoch(1), log.Epochs.Latest);
    }

    /// <summary>A loss of power may undo a removal, here of a snapshot of records that were cut off, while others took their place.</summary>
    [Fact]
    public void A_snapshot_of_producers_from_behind_the_recovery_point_is_not_believed()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch("a"), default);
        log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0, count: 5), default);
        log.Roll();
        log.Flush();
        const string Name = "00000000000000000006.snapshot";
        byte[] stale = _fixture.ReadFile(Name);
        log.TruncateTo(new Offset(1));
        log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 0, count: 5), default);
        log.Roll();
        log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 5), default);
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
        _fixture.WriteFile(Name, stale);

        PartitionLog again = _fixture.Open(clean: false, recoveryPoint: 1);

        again.TruncateTo(new Offset(6));
        Assert.Equal([8], again.DescribeProducers().Select(producer => producer.ProducerId));
    }

    /// <summary>The note of a leadership that wrote nothing was on the disk; that its place was taken by records of another was not.</summary>
    [Fact]
    public void Recovered_batches_are_right_where_the_file_notes_a_later_epoch()
    {
        var source = new StorageFixture();
        PartitionLog leader = source.Open();
        byte[] copied = source.Batch("c");
        leader.TruncateFullyAndStartAt(new Offset(2));
        leader.AppendAsLeader(copied, new LeaderEpoch(3));
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch("a", "b"), new LeaderEpoch(1));
        log.BeginEpoch(new LeaderEpoch(5));
        log.Flush();
        log.AppendAsFollower(copied);
        (int, long)[] known = Epochs(log);
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();

        Assert.Equal([(1, 0L), (3, 2L)], known);
        Assert.Equal(known, Epochs(_fixture.Open(clean: false, recoveryPoint: 2)));

        static (int, long)[] Epochs(PartitionLog log) => [.. log.Epochs.Entries.ToArray().Select(e => (e.Epoch.Value, e.Start.Value))];
    }

    /// <summary>By an index that is too short, records would count as older than they are, and retention would take them.</summary>
    [Fact]
    public void The_indexes_of_a_segment_that_was_flushed_before_it_was_full_outlive_a_loss_of_power()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var fixture = new StorageFixture(seed);
            PartitionLog log = fixture.Open(StorageFixture.SmallSegments with { FlushMessages = 1 });
            var times = new List<long>();
            while (log.SegmentCount < 4)
            {
                fixture.Time.Advance(TimeSpan.FromSeconds(1));
                times.Add(fixture.NowMs);
                log.AppendAsLeader(fixture.Batch("a"), default);
            }

            long recoveryPoint = log.RecoveryPoint.Value;
            Assert.Equal(times.Count, recoveryPoint);
            fixture.Disk.CrashNow(CrashKind.Power);
            fixture.Disk.Restart();

            PartitionLog again = fixture.Open(clean: false, recoveryPoint: recoveryPoint);

            Assert.All(times.Index(), each => Assert.Equal((seed, each.Index), (seed, again.OffsetForTimestamp(each.Item)?.Offset.Value)));
        }
    }

    /// <summary>Does something, once, just after a log file was removed.</summary>
    private sealed class WatchedDisk(IDisk disk) : IDisk
    {
        public Action? AfterLogIsDeleted { get; set; }

        public void DeleteFile(string path)
        {
            disk.DeleteFile(path);
            if (path.EndsWith(".log", StringComparison.Ordinal) && AfterLogIsDeleted is { } act)
            {
                AfterLogIsDeleted = null;
                act();
            }
        }

        public IDiskFile OpenFile(string path, DiskOpen how) => disk.OpenFile(path, how);

        public bool FileExists(string path) => disk.FileExists(path);

        public bool DirectoryExists(string path) => disk.DirectoryExists(path);

        public void CreateDirectory(string path) => disk.CreateDirectory(path);

        public IReadOnlyList<DiskEntry> List(string directory) => disk.List(directory);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void DeleteDirectory(string path) => disk.DeleteDirectory(path);

        public void SyncDirectory(string path) => disk.SyncDirectory(path);

        public IDisposable? TryLock(string path) => disk.TryLock(path);

        public (long TotalBytes, long UsableBytes) Space(string directory) => disk.Space(directory);
    }
}
