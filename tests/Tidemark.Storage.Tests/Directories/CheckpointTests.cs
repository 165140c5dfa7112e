using System.Text;
using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Directories;

/// <summary>What the files beside the logs say is never of records that are gone.</summary>
public class CheckpointTests
{
    private static readonly TopicPartition First = new("a", 0);
    private static readonly Uuid TopicId = new(0x1234, 0x5678);
    private readonly StorageFixture _fixture = new();
    private ulong _ids = 1;

    [Fact]
    public void A_topic_that_is_made_again_loses_nothing_to_the_offsets_of_the_one_before()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition old = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        old.Log.AppendAsLeader(_fixture.Batch("a", "b", "c", "d", "e"), default);
        old.Log.Flush();
        old.Log.AdvanceLogStart(new Offset(4));
        logs.WriteCheckpoints();
        logs.WriteHighWatermarks(_ => new Offset(5));
        logs.SetCleanerOffset(old, new Offset(3));
        logs.Delete(First);
        logs.GetOrCreate(First, new Uuid(7, 7), LogOptions.Default).Log.AppendAsLeader(_fixture.Batch("f", "g"), default);
        Kill();

        LogDirectories again = Start("/d1");

        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal(["0:f", "1:g"], StorageFixture.ReadAll(found.Log));
        Assert.Equal((Offset.Zero, Offset.Zero, Offset.Zero), (found.Log.RecoveryPoint, found.CheckpointedHighWatermark, again.CleanerOffset(found)));
    }

    [Fact]
    public void What_is_written_of_a_log_is_taken_back_before_it_is_cut()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition stored = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        for (int i = 0; i < 6; i++)
        {
            stored.Log.AppendAsLeader(_fixture.Batch($"{i}"), default);
        }

        stored.Log.Flush();
        stored.Log.AdvanceLogStart(new Offset(4));
        logs.WriteCheckpoints();
        logs.WriteHighWatermarks(_ => new Offset(5));
        logs.SetCleanerOffset(stored, new Offset(5));
        stored.Log.TruncateTo(new Offset(2));
        stored.Log.AppendAsLeader(_fixture.Batch("new"), new LeaderEpoch(1));
        Assert.Equal("0\n1\na 0 2\n", Read("/d1/recovery-point-offset-checkpoint"));
        Kill();

        LogDirectories again = Start("/d1");

        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal(["2:new"], StorageFixture.ReadAll(found.Log, 2));
        Assert.Equal((new Offset(2), new Offset(2)), (found.CheckpointedHighWatermark, again.CleanerOffset(found)));
    }

    [Fact]
    public void What_is_written_of_a_log_is_taken_back_when_recovery_cuts_it()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition stored = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        for (int i = 0; i < 6; i++)
        {
            stored.Log.AppendAsLeader(_fixture.Batch($"{i}"), default);
        }

        stored.Log.Flush();
        logs.WriteCheckpoints();
        logs.WriteHighWatermarks(_ => new Offset(5));
        logs.SetCleanerOffset(stored, new Offset(4));
        Kill();
        using (IDiskFile file = _fixture.Disk.OpenFile("/d1/a-0/00000000000000000000.log", DiskOpen.Existing))
        {
            file.Write(file.Length * 2 / 6 + 30, [0xFF, 0xFF]);
        }

        LogDirectories recovered = Start("/d1");
        Assert.True(recovered.TryGet(First, out StoredPartition shorter));
        Assert.Equal((new Offset(2), new Offset(2), new Offset(2)), (shorter.Log.LogEndOffset, shorter.CheckpointedHighWatermark, recovered.CleanerOffset(shorter)));
        shorter.Log.AppendAsLeader(_fixture.Batch("a", "b", "c", "d", "e"), default);
        Kill();

        LogDirectories again = Start("/d1");
        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal((new Offset(7), new Offset(2)), (found.Log.LogEndOffset, found.Log.RecoveryPoint));
        Assert.Equal((new Offset(2), new Offset(2)), (found.CheckpointedHighWatermark, again.CleanerOffset(found)));
    }

    [Fact]
    public void A_log_that_begins_anew_further_down_outlives_a_kill()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition stored = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        stored.Log.TruncateFullyAndStartAt(new Offset(100));
        stored.Log.AppendAsLeader(_fixture.Batch("a", "b"), default);
        stored.Log.AdvanceLogStart(new Offset(101));
        logs.WriteCheckpoints();
        stored.Log.TruncateTo(new Offset(50));
        stored.Log.AppendAsLeader(_fixture.Batch("c"), default);
        Kill();

        Assert.True(Start("/d1").TryGet(First, out StoredPartition found));
        Assert.Equal(["50:c"], StorageFixture.ReadAll(found.Log));
    }

    [Fact]
    public void A_log_that_moved_keeps_its_start_and_how_far_it_is_clean()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition current = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        byte[] batch = _fixture.Batch("a", "b", "c");
        current.Log.AppendAsLeader(batch, default);
        logs.SetCleanerOffset(current, new Offset(2));
        LogDirectory other = logs.All.First(directory => directory != current.Directory);
        StoredPartition future = logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other);
        future.Log.AppendAsFollower(batch);
        future.Log.AdvanceLogStart(new Offset(1));
        logs.ReplaceWithFuture(future);
        Kill();

        LogDirectories again = Start("/d1", "/d2");

        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal((other.Path, new Offset(1), new Offset(2)), (found.Directory.Path, found.Log.LogStart, again.CleanerOffset(found)));
    }

    [Fact]
    public void Wherever_a_move_is_cut_short_what_is_left_of_the_log_keeps_its_start()
    {
        for (int crashAt = 1; ; crashAt++)
        {
            var fixture = new StorageFixture((ulong)crashAt);
            LogDirectories logs = Start(fixture, "/d1", "/d2");
            fixture.Disk.SyncDirectory("/");
            StoredPartition current = logs.GetOrCreate(First, TopicId, LogOptions.Default);
            byte[] batch = fixture.Batch("a", "b", "c");
            current.Log.AppendAsLeader(batch, default);
            current.Log.AdvanceLogStart(new Offset(2));
            logs.KeepLogStarts([current.Log]);
            current.Log.Flush();
            StoredPartition future = logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, logs.All.First(directory => directory != current.Directory));
            future.Log.AppendAsFollower(batch);
            future.Log.AdvanceLogStart(new Offset(2));
            fixture.Disk.CrashAtChange(fixture.Disk.ChangeCount + crashAt, crashAt % 2 == 0 ? CrashKind.Power : CrashKind.Process);
            Exception? crash = Record.Exception(() => logs.ReplaceWithFuture(future));
            Assert.True(crash is null or SimulatedCrashException, $"crash {crashAt}: {crash}");
            fixture.Disk.Restart();
            if (crash is null)
            {
                Assert.True(crashAt > 10);
                return;
            }

            LogDirectories again = Start(fixture, "/d1", "/d2");

            Assert.True(again.TryGet(First, out StoredPartition found));
            Assert.Equal((crashAt, new Offset(2), new Offset(3)), (crashAt, found.Log.LogStart, found.Log.LogEndOffset));
        }
    }

    [Fact]
    public void A_copy_of_a_log_does_not_begin_where_one_of_its_name_did_that_was_there_before()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition old = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        old.Log.AppendAsLeader(_fixture.Batch("a", "b", "c"), default);
        old.Log.AdvanceLogStart(new Offset(2));
        logs.SetCleanerOffset(old, new Offset(2));
        logs.WriteCheckpoints();
        logs.Delete(First);
        logs.GetOrCreate(First, new Uuid(7, 7), LogOptions.Default, logs.All.First(directory => directory != old.Directory));
        logs.GetOrCreateFuture(First, new Uuid(7, 7), LogOptions.Default, old.Directory);
        Kill();

        LogDirectories again = Start("/d1", "/d2");

        Assert.True(again.TryGetFuture(First, out StoredPartition copy));
        Assert.Equal((Offset.Zero, Offset.Zero), (copy.Log.LogStart, copy.Log.LogEndOffset));
        Assert.Equal(Offset.Zero, again.CleanerOffset(again.ReplaceWithFuture(copy)!));
    }

    /// <summary>The removal of a file is not flushed: a loss of power may bring it back, after the checkpoints were written again.</summary>
    [Fact]
    public void Deleted_records_whose_segments_come_back_with_a_loss_of_power_stay_deleted()
    {
        LogDirectories logs = Start("/d1");
        PartitionLog log = logs.GetOrCreate(First, TopicId, StorageFixture.SmallSegments).Log;
        while (log.SegmentCount < 3)
        {
            log.AppendAsLeader(_fixture.Batch(new string('x', 300)), default);
        }

        log.Flush();
        Offset start = log.ActiveBaseOffset;
        log.AdvanceLogStart(start);
        logs.KeepLogStarts([log]);
        Assert.Equal(2, log.Retain(log.LogEndOffset));
        logs.WriteCheckpoints();
        Assert.Contains($"a 0 {start}", Read("/d1/log-start-offset-checkpoint"));
    }

    /// <summary>Of a topic that was compacted once and is not any more: the replica itself never was, and its options say nothing of it.</summary>
    [Fact]
    public void Gaps_that_were_copied_from_a_leader_are_no_damage_after_a_kill()
    {
        LogDirectories logs = Start("/d1");
        PartitionLog log = logs.GetOrCreate(First, TopicId, LogOptions.Default).Log;
        var source = new StorageFixture();
        PartitionLog leader = source.Open();
        leader.AppendAsLeader(source.Batch("a"), default);
        leader.TruncateFullyAndStartAt(new Offset(10));
        byte[] later = source.Batch("b");
        leader.AppendAsLeader(later, default);
        byte[] first = _fixture.Batch("a");
        log.AppendAsFollower(first);
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(later).Error);
        Kill();

        Assert.True(Start("/d1").TryGet(First, out StoredPartition found));
        Assert.Equal(["0:a", "10:b"], StorageFixture.ReadAll(found.Log));
        Assert.Empty(_fixture.Events.Truncations);
    }

    private void Kill()
    {
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
    }

    private LogDirectories Start(params string[] paths) => Start(_fixture, paths);

    private LogDirectories Start(StorageFixture fixture, params string[] paths)
    {
        var logs = new LogDirectories(
            fixture.Surroundings, [.. paths.Select(path => LogDirectory.Open(fixture.Disk, path))], () => new Uuid(_ids++, 99));
        foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
        {
            load();
        }

        return logs;
    }

    private string Read(string path) => Encoding.UTF8.GetString(AtomicFile.Read(_fixture.Disk, path)!);
}
