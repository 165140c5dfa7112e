using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Directories;

/// <summary>Partitions that are deleted: out of service at once, under another name on the disk, and gone after a while.</summary>
public class DeletionTests
{
    private static readonly TopicPartition First = new("a.b_c-d", 0);
    private static readonly Uuid TopicId = new(0x1234, 0x5678);
    private readonly StorageFixture _fixture = new();
    private ulong _ids = 1;

    [Fact]
    public void A_deleted_partition_is_renamed_and_its_files_go_after_the_delay()
    {
        LogDirectories logs = Start("/d1");
        StoredPartition stored = logs.GetOrCreate(First, TopicId, LogOptions.Default);
        Assert.True(logs.Delete(First));
        Assert.False(logs.Delete(First));
        Assert.Equal(ErrorCode.KafkaStorageError, stored.Log.AppendAsLeader(_fixture.Batch("x"), default).Error);
        string renamed = Assert.Single(_fixture.Disk.List("/d1"), entry => entry.IsDirectory).Name;
        Assert.Matches("^a\\.b_c-d-0\\.[0-9a-f]{32}-delete$", renamed);
        logs.RemoveDeleted();
        Assert.Contains(_fixture.Disk.List("/d1"), entry => entry.IsDirectory);
        _fixture.Time.Advance(TimeSpan.FromMinutes(1));
        logs.RemoveDeleted();
        Assert.DoesNotContain(_fixture.Disk.List("/d1"), entry => entry.IsDirectory);
        Assert.Equal(Offset.Zero, logs.GetOrCreate(First, TopicId, LogOptions.Default).Log.LogEndOffset);
    }

    [Fact]
    public void Many_partitions_are_deleted_with_one_flush_of_each_directory_and_those_of_a_failing_one_hold_up_none()
    {
        LogDirectories logs = Start("/d1", "/d2");
        TopicPartition[] names = [.. Enumerable.Range(0, 20).Select(i => new TopicPartition("many", i))];
        Assert.All(names, name => logs.GetOrCreate(name, TopicId, LogOptions.Default));
        logs.GetOrCreateFuture(names[0], TopicId, LogOptions.Default, logs.All.First(each => !ReferenceEquals(each, logs.Partitions[0].Directory)));
        int flushes = 0;
        _fixture.Disk.OnFlush = () => flushes++;
        logs.Delete(names.Take(10));
        Assert.Equal(2, flushes);
        Assert.Empty(logs.Futures);
        Assert.Equal(names.Skip(10), logs.Partitions.Select(each => each.Log.Partition));

        _fixture.Disk.FailUnder("/d1");
        logs.Delete(names);
        Assert.Empty(logs.Partitions);
        Assert.Equal(["/d1"], _fixture.Events.FailedDirectories);
        _fixture.Disk.Heal();
        _fixture.Time.Advance(TimeSpan.FromMinutes(2));
        logs.RemoveDeleted();
        Assert.DoesNotContain(_fixture.Disk.List("/d2"), entry => entry.IsDirectory);
    }

    [Fact]
    public void A_deletion_that_was_interrupted_is_finished_by_the_next_process()
    {
        LogDirectories logs = Start("/d1");
        logs.GetOrCreate(First, TopicId, LogOptions.Default);
        logs.Delete(First);
        Stop(logs);
        LogDirectories again = Start("/d1");
        Assert.Empty(again.Partitions);
        _fixture.Time.Advance(TimeSpan.FromMinutes(2));
        again.RemoveDeleted();
        Assert.DoesNotContain(_fixture.Disk.List("/d1"), entry => entry.IsDirectory);
    }

    private LogDirectories Start(params string[] paths)
    {
        var logs = new LogDirectories(
            _fixture.Surroundings, [.. paths.Select(path => LogDirectory.Open(_fixture.Disk, path))], () => new Uuid(_ids++, 99));
        foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
        {
            load();
        }

        return logs;
    }

    private static void Stop(LogDirectories logs)
    {
        foreach (Action close in logs.BeginClosing())
        {
            close();
        }

        logs.FinishClosing(brokerEpoch: 1);
    }
}
