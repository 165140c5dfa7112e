using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Tests.Shared.Disks;

namespace Tidemark.Storage.Tests.Directories;

/// <summary>A partition that is deleted and made again while something is still at work on the files of the one before.</summary>
public class RecreatedPartitionTests
{
    private static readonly TopicPartition Name = new("a", 0);
    private readonly StorageFixture _fixture = new();
    private readonly FilesWatch _disk;
    private ulong _ids = 1;

    public RecreatedPartitionTests() => _disk = new FilesWatch(_fixture.Disk);

    [Fact]
    public void Retention_of_the_log_before_removes_nothing_of_the_new_one()
    {
        LogDirectories logs = Start();
        PartitionLog old = logs.GetOrCreate(Name, new Uuid(1, 1), StorageFixture.SmallSegments with { RetentionMs = 1000 }).Log;
        while (old.SegmentCount < 4)
        {
            old.AppendAsLeader(_fixture.Batch(new string('x', 300)), default);
        }

        string[] files = [.. _fixture.Disk.List("/d1/a-0").Select(entry => entry.Name).Where(name => name.EndsWith(".log", StringComparison.Ordinal))];
        long second = long.Parse(files[1].Split('.')[0], System.Globalization.CultureInfo.InvariantCulture);
        _fixture.Time.Advance(TimeSpan.FromSeconds(10));
        _disk.AfterRemoving(".timeindex", () =>
        {
            // A replica that comes back begins where its leader's log does, which is where a segment of its own once began.
            logs.Delete(Name);
            PartitionLog made = logs.GetOrCreate(Name, new Uuid(2, 2), LogOptions.Default).Log;
            made.TruncateFullyAndStartAt(new Offset(second));
            made.AppendAsLeader(_fixture.Batch("new"), default);
        });

        old.Retain(old.LogEndOffset);

        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
        Assert.True(Start().TryGet(Name, out StoredPartition found));
        Assert.Equal([$"{second}:new"], StorageFixture.ReadAll(found.Log));
    }

    [Fact]
    public void Flushing_of_the_log_before_writes_nothing_into_the_new_one()
    {
        LogDirectories logs = Start();
        PartitionLog old = logs.GetOrCreate(Name, new Uuid(1, 1), StorageFixture.SmallSegments).Log;
        old.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0), new LeaderEpoch(5));
        old.Roll();
        var other = new Thread(() =>
        {
            logs.Delete(Name);
            logs.GetOrCreate(Name, new Uuid(2, 2), LogOptions.Default).Log.AppendAsLeader(_fixture.Batch("new"), new LeaderEpoch(0));
        });
        _disk.BeforeOpening(".snapshot.tmp", () =>
        {
            other.Start();
            SpinWait.SpinUntil(() => other.ThreadState is ThreadState.WaitSleepJoin or ThreadState.Stopped);
        });

        // It fails where the directory is gone in the midst of it.
        _ = Record.Exception(old.FlushSealed);
        other.Join();

        Assert.Equal(
            ["00000000000000000000.index", "00000000000000000000.log", "00000000000000000000.timeindex", "partition.metadata"],
            _fixture.Disk.List("/d1/a-0").Select(entry => entry.Name));
    }

    private LogDirectories Start()
    {
        var logs = new LogDirectories(_fixture.Surroundings with { Disk = _disk }, [LogDirectory.Open(_disk, "/d1")], () => new Uuid(_ids++, 99));
        foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
        {
            load();
        }

        return logs;
    }

    /// <summary>Does something once: after a file with that ending was removed, or before one is opened.</summary>
    private sealed class FilesWatch(IDisk disk) : WatchedDisk(disk)
    {
        private (string Ending, Action Act)? _removed, _opened;

        public void AfterRemoving(string ending, Action act) => _removed = (ending, act);

        public void BeforeOpening(string ending, Action act) => _opened = (ending, act);

        public override IDiskFile OpenFile(string path, DiskOpen how)
        {
            Look(ref _opened, path);
            return Below.OpenFile(path, how);
        }

        public override void DeleteFile(string path)
        {
            base.DeleteFile(path);
            Look(ref _removed, path);
        }

        private static void Look(ref (string Ending, Action Act)? watched, string path)
        {
            if (watched is { } found && path.EndsWith(found.Ending, StringComparison.Ordinal))
            {
                watched = null;
                found.Act();
            }
        }
    }
}
