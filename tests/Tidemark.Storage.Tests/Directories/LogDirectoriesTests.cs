using System.Text;
using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Directories;

public class LogDirectoriesTests
{
    private static readonly TopicPartition First = new("a.b_c-d", 0);
    private static readonly TopicPartition Second = new("e", 12);
    private static readonly Uuid TopicId = new(0x1234, 0x5678);
    private readonly StorageFixture _fixture = new();
    private ulong _ids = 1;

    [Fact]
    public void A_directory_is_locked_while_it_is_open()
    {
        using LogDirectory open = LogDirectory.Open(_fixture.Disk, "/d1");
        LogDirectoryInUseException refused = Assert.Throws<LogDirectoryInUseException>(() => LogDirectory.Open(_fixture.Disk, "/d1"));
        Assert.Contains("/d1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directorys_identity_is_read_back_also_as_kafka_writes_it()
    {
        var meta = new MetaProperties("6CaF9lvtQnWz-dQusLtZGw", 3, new Uuid(5, 6));
        using (LogDirectory directory = LogDirectory.Open(_fixture.Disk, "/d1"))
        {
            Assert.Null(directory.Meta);
            directory.Format(meta);
        }

        Assert.Equal(meta, MetaProperties.Read(_fixture.Disk, "/d1"));
        Write("/d1/meta.properties", "#\n#Sat Nov 21 13:06:07 UTC 2026\nnode.id=1\ndirectory.id=2Rs0LCWGCuGf4983dMP1Fw\nversion=1\ncluster.id=6CaF9lvtQnWz-dQusLtZGw\n");
        Assert.Equal("2Rs0LCWGCuGf4983dMP1Fw", MetaProperties.Read(_fixture.Disk, "/d1")!.DirectoryId.ToString());
        Write("/d1/meta.properties", "version=0\ncluster.id=x\nbroker.id=1\n");
        Assert.Throws<InvalidDataException>(() => MetaProperties.Read(_fixture.Disk, "/d1"));
    }

    [Fact]
    public void Logs_are_found_again_after_a_clean_stop_with_what_was_known_of_them()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition first = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        StoredPartition second = logs.GetOrCreate(Second, TopicId, LogOptions.Default);
        Assert.NotEqual(first.Directory.Path, second.Directory.Path);
        for (int i = 0; i < 5; i++)
        {
            first.Log.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(1));
        }

        first.Log.AdvanceLogStart(new Offset(2));
        logs.WriteHighWatermarks(partition => partition == First ? new Offset(4) : null);
        Stop(logs, brokerEpoch: 77);
        string sign = Read(first.Directory.Path + "/.kafka_cleanshutdown");
        Assert.Equal("""{"version":0,"brokerEpoch":77}""", sign);
        Assert.Equal("0\n1\na.b_c-d 0 5\n", Read(first.Directory.Path + "/recovery-point-offset-checkpoint"));

        LogDirectories again = Start("/d1", "/d2");
        Assert.All(again.All, directory => Assert.Equal(77, directory.CleanShutdownEpoch));
        Assert.False(_fixture.Disk.FileExists(first.Directory.Path + "/.kafka_cleanshutdown"));
        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal((TopicId, new Offset(4)), (found.TopicId, found.CheckpointedHighWatermark));
        Assert.Equal((new Offset(2), new Offset(5), new Offset(5)), (found.Log.LogStart, found.Log.LogEndOffset, found.Log.RecoveryPoint));
        Assert.True(again.TryGet(Second, out _));
    }

    [Fact]
    public void What_compaction_took_out_is_no_damage_when_the_policy_is_another_by_now()
    {
        var compacting = StorageFixture.SmallSegments with { Compacts = true, Deletes = false, MinCleanableDirtyRatio = 0 };
        LogDirectories logs = Start("/d1");
        StoredPartition stored = logs.GetOrCreate(First, TopicId, compacting);
        for (int i = 0; i < 60; i++)
        {
            stored.Log.AppendAsLeader(_fixture.Batch($"k{i % 7}={i}"), default);
        }

        LogCompaction run = stored.Log.BeginCompaction(stored.Log.CompactionRange(Offset.Zero, stored.Log.LogEndOffset), 1 << 20);
        Assert.All(run.Steps(), bytes => Assert.True(bytes > 0));
        logs.SetCleanerOffset(stored, run.CleanedTo);
        List<string> compacted = StorageFixture.ReadAll(stored.Log);
        Assert.InRange(compacted.Count, 7, 30);
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();

        Assert.True(Start("/d1").TryGet(First, out StoredPartition found));
        Assert.Empty(_fixture.Events.Truncations);
        Assert.Equal(compacted, StorageFixture.ReadAll(found.Log));
    }

    [Fact]
    public void A_stop_while_loading_does_not_count_as_clean()
    {
        LogDirectories logs = Start("/d1");
        logs.GetOrCreate(First, TopicId, LogOptions.Default);
        Stop(logs, 1);
        LogDirectories interrupted = Open("/d1");
        interrupted.BeginLoading((_, _) => LogOptions.Default);
        interrupted.FinishClosing(2);
        LogDirectories again = Start("/d1");
        Assert.Null(again.All[0].CleanShutdownEpoch);
        Assert.True(again.TryGet(First, out _));
    }

    [Fact]
    public void A_directory_that_fails_while_loading_does_not_cost_the_others_their_clean_stop()
    {
        LogDirectories logs = Start("/d1", "/d2");
        string first = logs.GetOrCreate(First, TopicId, LogOptions.Default).Directory.Path;
        logs.GetOrCreate(Second, TopicId, LogOptions.Default);
        Stop(logs, 1);
        LogDirectories failing = Open("/d1", "/d2");
        IReadOnlyList<Action> loads = failing.BeginLoading((_, _) => LogOptions.Default);
        _fixture.Disk.FailUnder($"{first}/{First}/");
        Assert.All(loads, load => load());
        Assert.Equal([first], _fixture.Events.FailedDirectories);
        _fixture.Disk.Heal();
        Stop(failing, 2);

        Assert.Equal([null, 2L], Start("/d1", "/d2").All.OrderBy(each => each.Path != first).Select(each => each.CleanShutdownEpoch));
    }

    [Fact]
    public void A_failing_directory_goes_offline_and_the_others_go_on()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition first = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        StoredPartition second = logs.GetOrCreate(Second, TopicId, LogOptions.Default);
        _fixture.Disk.FailUnder(first.Directory.Path + "/");
        Assert.Equal(ErrorCode.KafkaStorageError, first.Log.AppendAsLeader(_fixture.Batch("x"), default).Error);
        Assert.True(first.Directory.IsOffline);
        Assert.Equal([first.Directory.Path], _fixture.Events.FailedDirectories);
        Assert.False(logs.TryGet(First, out _));
        Assert.Equal(ErrorCode.None, second.Log.AppendAsLeader(_fixture.Batch("x"), default).Error);
        logs.WriteCheckpoints();
        Assert.Same(second.Directory, logs.GetOrCreate(new TopicPartition("new", 0), TopicId, LogOptions.Default).Directory);
        _fixture.Disk.Heal();
        Stop(logs, 1);
        Assert.False(_fixture.Disk.FileExists(first.Directory.Path + "/.kafka_cleanshutdown"));
        Assert.True(_fixture.Disk.FileExists(second.Directory.Path + "/.kafka_cleanshutdown"));
    }

    [Fact]
    public void A_copy_takes_the_place_of_the_log_in_another_directory()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition current = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        byte[] batch = _fixture.Batch("x");
        current.Log.AppendAsLeader(batch, default);
        LogDirectory other = logs.All.First(directory => directory != current.Directory);
        StoredPartition future = logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other);
        future.Log.AppendAsFollower(batch);
        StoredPartition moved = logs.ReplaceWithFuture(future)!;
        Assert.Equal(["0:x"], StorageFixture.ReadAll(moved.Log));
        Assert.Same(other, moved.Directory);
        Assert.Empty(logs.Futures);
        Stop(logs, 1);
        LogDirectories again = Start("/d1", "/d2");
        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal((other.Path, new Offset(1), TopicId), (found.Directory.Path, found.Log.LogEndOffset, found.TopicId));
    }

    [Fact]
    public void A_copy_that_cannot_be_put_in_place_leaves_the_log_where_it_was()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition current = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        byte[] batch = _fixture.Batch("x");
        current.Log.AppendAsLeader(batch, default);
        LogDirectory other = logs.All.First(directory => directory != current.Directory);
        logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other).Log.AppendAsFollower(batch);
        _fixture.Disk.FailUnder(other.Path);

        Assert.ThrowsAny<IOException>(() => logs.ReplaceWithFuture(Assert.Single(logs.Futures)));

        Assert.True(other.IsOffline);
        Assert.True(logs.TryGet(First, out StoredPartition kept));
        Assert.Same(current.Log, kept.Log);
        Assert.Equal(ErrorCode.None, kept.Log.AppendAsLeader(_fixture.Batch("y"), default).Error);
        Assert.Equal(["0:x", "1:y"], StorageFixture.ReadAll(kept.Log));
    }

    [Fact]
    public void A_log_that_cannot_be_removed_after_its_move_costs_its_old_directory_only()
    {
        LogDirectories logs = Start("/d1", "/d2");
        StoredPartition current = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        byte[] batch = _fixture.Batch("x");
        current.Log.AppendAsLeader(batch, default);
        LogDirectory other = logs.All.First(directory => directory != current.Directory);
        logs.GetOrCreateFuture(First, TopicId, LogOptions.Default, other).Log.AppendAsFollower(batch);
        _fixture.Disk.FailUnder(current.Directory.Path);

        StoredPartition moved = logs.ReplaceWithFuture(Assert.Single(logs.Futures))!;

        Assert.Equal((true, false), (current.Directory.IsOffline, other.IsOffline));
        Assert.Equal(ErrorCode.None, moved.Log.AppendAsLeader(_fixture.Batch("y"), default).Error);
        Assert.Equal(["0:x", "1:y"], StorageFixture.ReadAll(moved.Log));
    }

    [Fact]
    public void A_directory_that_comes_back_does_not_replace_the_newer_log_with_the_one_it_had()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition old = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        old.Log.AppendAsLeader(_fixture.Batch("a", "b", "not committed"), new LeaderEpoch(0));
        Stop(logs, 1);
        LogDirectories without = Start("/d2");
        StoredPartition anew = without.GetOrCreate(First, TopicId, LogOptions.Default);
        anew.Log.AppendAsLeader(_fixture.Batch("a", "b"), new LeaderEpoch(1));
        Stop(without, 2);

        LogDirectories again = Start("/d1", "/d2");

        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal(("/d2", new Offset(2)), (found.Directory.Path, found.Log.LogEndOffset));
        Assert.EndsWith("-stray", Assert.Single(_fixture.Disk.List("/d1"), entry => entry.IsDirectory).Name, StringComparison.Ordinal);
        Assert.False(again.All[0].IsOffline);
    }

    [Fact]
    public void Of_two_logs_of_the_same_name_that_of_the_topic_that_is_known_stays()
    {
        LogDirectories logs = Start("/d1");
        logs.GetOrCreate(First, new Uuid(7, 7), LogOptions.Default).Log.AppendAsLeader(_fixture.Batch("a", "b"), new LeaderEpoch(3));
        Stop(logs, 1);
        LogDirectories without = Start("/d2");
        without.GetOrCreate(First, TopicId, LogOptions.Default).Log.AppendAsLeader(_fixture.Batch("c"), new LeaderEpoch(0));
        Stop(without, 2);

        LogDirectories again = Open("/d1", "/d2");
        foreach (Action load in again.BeginLoading((_, _) => LogOptions.Default, (_, id) => id == TopicId))
        {
            load();
        }

        Assert.True(again.TryGet(First, out StoredPartition found));
        Assert.Equal(("/d2", TopicId), (found.Directory.Path, found.TopicId));
    }

    /// <summary>A loss of power may leave anything where a file was not flushed.</summary>
    [Theory]
    [InlineData("version: 0\ntopic_id: AAAAAAAAEjQAAAAAAABWe!\n")]
    [InlineData("version: 0\ntopic_id: AAAAAAAAEjQAAAAAAABW\n")]
    [InlineData("")]
    public void A_log_whose_topic_id_cannot_be_read_is_found_by_its_name(string content)
    {
        LogDirectories logs = Start("/d1");
        logs.GetOrCreate(First, TopicId, LogOptions.Default).Log.AppendAsLeader(_fixture.Batch("a"), default);
        Stop(logs, 1);
        _fixture.Disk.DeleteFile("/d1/a.b_c-d-0/partition.metadata");
        Write("/d1/a.b_c-d-0/partition.metadata", content);

        Assert.True(Start("/d1").TryGet(First, out StoredPartition found));
        Assert.Equal((Uuid.Zero, new Offset(1)), (found.TopicId, found.Log.LogEndOffset));
    }

    /// <summary>The first process made the log and was killed before it had anything to flush.</summary>
    [Fact]
    public void What_is_flushed_is_found_again_with_its_topics_id_after_a_kill_and_a_loss_of_power()
    {
        for (ulong seed = 1; seed <= 60; seed++)
        {
            var fixture = new StorageFixture(seed);
            fixture.Disk.DamagesTails = true;
            Load(fixture).GetOrCreate(First, TopicId, LogOptions.Default);
            fixture.Disk.CrashNow(CrashKind.Process);
            fixture.Disk.Restart();
            StoredPartition second = Load(fixture).GetOrCreate(First, TopicId, LogOptions.Default);
            second.Log.Options = LogOptions.Default with { FlushMessages = 1 };
            second.Log.AppendAsLeader(fixture.Batch("a"), default);
            fixture.Disk.CrashNow(CrashKind.Power);
            fixture.Disk.Restart();

            Assert.True(Load(fixture).TryGet(First, out StoredPartition third), $"seed {seed}");
            Assert.Equal((seed, TopicId, new Offset(1)), (seed, third.TopicId, third.Log.LogEndOffset));
        }

        LogDirectories Load(StorageFixture fixture)
        {
            var logs = new LogDirectories(fixture.Surroundings, [LogDirectory.Open(fixture.Disk, "/data")], () => new Uuid(_ids++, 99));
            foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
            {
                load();
            }

            return logs;
        }
    }

    [Fact]
    public void A_stop_is_clean_when_all_directories_were_stopped_in_the_same_life()
    {
        Stop(Start("/d1", "/d2"), 1);
        LogDirectories both = Start("/d1", "/d2");
        Assert.Equal(1, both.CleanShutdownEpoch);
        Stop(both, 2);
        Stop(Start("/d2"), 3);

        LogDirectories again = Start("/d1", "/d2");

        Assert.Equal([2, 3], again.All.Select(each => each.CleanShutdownEpoch));
        Assert.Null(again.CleanShutdownEpoch);
    }

    [Theory]
    [InlineData("topic-0", "topic", 0, PartitionDirectoryKind.Current)]
    [InlineData("a-b.c-delete-3", "a-b.c-delete", 3, PartitionDirectoryKind.Current)]
    [InlineData("a-b-7.0123456789abcdef0123456789abcdef-delete", "a-b", 7, PartitionDirectoryKind.Deleted)]
    [InlineData("a-7.0123456789abcdef0123456789abcdef-future", "a", 7, PartitionDirectoryKind.Future)]
    [InlineData("a-7.0123456789abcdef0123456789abcdef-stray", "a", 7, PartitionDirectoryKind.Stray)]
    public void Directory_names_tell_partition_and_kind(string name, string topic, int number, PartitionDirectoryKind kind)
    {
        Assert.True(PartitionDirectoryName.TryParse(name, out TopicPartition partition, out PartitionDirectoryKind found));
        Assert.Equal((new TopicPartition(topic, number), kind), (partition, found));
    }

    [Theory]
    [InlineData("topic")]
    [InlineData("-0")]
    [InlineData("topic-")]
    [InlineData("topic-0.0123-delete")]
    public void Other_names_are_no_partitions(string name) => Assert.False(PartitionDirectoryName.TryParse(name, out _, out _));

    private LogDirectories Open(params string[] paths) => new(
        _fixture.Surroundings, [.. paths.Select(path => LogDirectory.Open(_fixture.Disk, path))], () => new Uuid(_ids++, 99));

    private LogDirectories Start(params string[] paths)
    {
        LogDirectories logs = Open(paths);
        foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
        {
            load();
        }

        return logs;
    }

    private static void Stop(LogDirectories logs, long brokerEpoch)
    {
        foreach (Action close in logs.BeginClosing())
        {
            close();
        }

        logs.FinishClosing(brokerEpoch);
    }

    private string Read(string path)
    {
        return Encoding.UTF8.GetString(AtomicFile.Read(_fixture.Disk, path)!);
    }

    private void Write(string path, string text)
    {
        using IDiskFile file = _fixture.Disk.OpenFile(path, DiskOpen.Create);
        file.Write(0, Encoding.UTF8.GetBytes(text));
    }
}
