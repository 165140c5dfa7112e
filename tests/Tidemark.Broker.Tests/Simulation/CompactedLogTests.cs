using System.Text;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>Compacted logs in a running broker. A segment holds ten batches of one record each.</summary>
public sealed class CompactedLogTests
{
    private const string Topic = "c";
    private const int BatchCount = 40;
    private const int BatchesPerSegment = 10;

    /// <summary>Compaction makes its first turn then.</summary>
    private const string FirstTurnMs = "30000";

    private static readonly TopicPartition Name = new(Topic, 0);

    [Fact]
    public void A_crash_after_compaction_takes_nothing_for_lost_that_compaction_took_out()
    {
        // The first checkpoint of the recovery point is written before there is a record, the next one after an hour: the recovery reads all of the log.
        BrokerWorld world = World(producingFrom: TimeSpan.FromSeconds(31));
        long before = LogOf(world).SizeBytes;
        Assert.True(world.World.RunUntil(() => LogOf(world).SizeBytes < before, BrokerWorld.Patience));
        Assert.True(world.World.RunUntil(() => world.World.Background.PendingCount == 0, BrokerWorld.Patience));
        List<string> compacted = Read(world);
        Assert.Equal(Expected, compacted);
        Assert.True(HasGap(compacted), "the compaction left no gap between two segments");

        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();

        Assert.Equal(compacted, Read(world));
        Assert.Equal(BatchCount, world.Connect().Fetch(Topic, BatchCount - 1).HighWatermark);
    }

    [Fact]
    public void A_compaction_that_lasts_longer_than_the_pause_between_two_is_not_joined_by_another()
    {
        // Throttled, a run lasts for several pauses; there is room for a second run, in another log.
        BrokerWorld world = World(default, ("log.cleaner.threads", "2"), ("log.cleaner.backoff.ms", "1000"), ("log.cleaner.io.max.bytes.per.second", "500000"));
        string directory = LogOf(world).Directory;
        long before = LogOf(world).SizeBytes;
        int mostUnderWay = 0;
        (string Name, long Bytes) last = default;
        Assert.True(world.World.RunUntil(IsOver, TimeSpan.FromMinutes(5)), "there is no end to it");
        Assert.Equal(1, mostUnderWay);
        Assert.Equal(Expected, Read(world));

        bool IsOver()
        {
            Storage.Files.DiskEntry[] files = [.. world.World.Disk.List(directory).Where(file => file.Name.EndsWith(".log.cleaned", StringComparison.Ordinal))];
            mostUnderWay = Math.Max(mostUnderWay, files.Length);
            foreach (Storage.Files.DiskEntry file in files)
            {
                // Only somebody who begins it once more makes a file shorter that is being written anew.
                Assert.True(file.Name != last.Name || file.Length >= last.Bytes, $"{file.Name} had {last.Bytes} bytes and now has {file.Length}");
                last = (file.Name, file.Length);
            }

            return LogOf(world).SizeBytes < before && files.Length == 0 && world.World.Background.PendingCount == 0;
        }
    }

    [Fact]
    public void A_disk_that_compaction_cannot_write_takes_its_directory_offline()
    {
        BrokerWorld world = World(default);
        string path = LogOf(world).Directory;
        world.World.Disk.FailUnder(path, reads: false);
        Assert.True(world.World.RunUntil(() => world.Node.Directories.All[0].IsOffline, TimeSpan.FromMinutes(5)), "the directory is still in use");
    }

    [Fact]
    public void A_compaction_from_under_which_retention_takes_a_file_leaves_the_directory_in_use()
    {
        BrokerWorld world = World("compact,delete", default, ("log.cleaner.io.max.bytes.per.second", "500000"), ("log.retention.check.interval.ms", "1000"), ("log.segment.delete.delay.ms", "0"));
        string directory = LogOf(world).Directory;

        // At this rate the run reads for several seconds before it has seen every segment.
        world.World.Time.Advance(TimeSpan.FromSeconds(32));
        var request = new DeleteRecordsRequest { TimeoutMs = 1000, Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0, Offset = 35 }] }] };
        Assert.Equal(ErrorCode.None, world.Connect().Ask<DeleteRecordsResponse>(request, 2).Topics[0].Partitions[0].ErrorCode);
        Assert.True(world.World.RunUntil(() => world.World.Disk.List(directory).Count(file => file.Name.EndsWith(".log", StringComparison.Ordinal)) == 1, BrokerWorld.Patience), "retention removes nothing");
        world.World.Time.Advance(TimeSpan.FromMinutes(2));

        Assert.False(world.Node.Directories.All[0].IsOffline);
        Assert.Equal(5, Read(world, 35).Count);
    }

    [Fact]
    public void A_log_is_not_compacted_while_it_is_copied_to_another_directory()
    {
        // A copy that had a record, and found the tombstone behind it gone, would bring it back.
        BrokerWorld world = World("compact", default, ["/data", "/other-data"], ("log.cleaner.io.max.bytes.per.second", "500000"));
        PartitionLog source = LogOf(world);
        Assert.True(world.World.RunUntil(() => world.World.Disk.List(source.Directory).Any(file => file.Name.EndsWith(".log.cleaned", StringComparison.Ordinal)), BrokerWorld.Patience));
        long before = source.SizeBytes;

        world.Quorum.Write(new ConfigRecord { ResourceType = 4, ResourceName = "1", Name = "replica.alter.log.dirs.io.max.bytes.per.second", Value = "300000" });
        string target = source.Directory.StartsWith("/data", StringComparison.Ordinal) ? "/other-data" : "/data";
        world.Connect().Send(new AlterReplicaLogDirsRequest { Dirs = [new() { Path = target, Topics = [new() { Name = Topic, Partitions = [0] }] }] }, 2);
        Assert.True(world.World.RunUntil(() => !ReferenceEquals(LogOf(world), source) || source.SizeBytes < before, BrokerWorld.Patience));

        Assert.NotSame(source, LogOf(world));
        Assert.Equal(before, LogOf(world).SizeBytes);
        Assert.True(world.World.RunUntil(() => LogOf(world).SizeBytes < before, BrokerWorld.Patience), "the copy is never compacted");
        Assert.True(world.World.RunUntil(() => world.World.Background.PendingCount == 0, BrokerWorld.Patience));
        Assert.Equal(Expected, Read(world));
    }

    /// <summary>
    /// The third segment's first five keys supersede the last five of the first, so that the first one ends, compacted, long before the second begins.
    /// </summary>
    private static string KeyOf(int batch) => batch is >= 2 * BatchesPerSegment and < (2 * BatchesPerSegment) + 5 ? $"key {batch - 15}" : $"key {batch}";

    private static IEnumerable<string> Expected =>
        Enumerable.Range(0, BatchCount).Where(batch => batch is < 5 or >= BatchesPerSegment).Select(batch => $"{batch}: {KeyOf(batch)}");

    private static bool HasGap(List<string> records) => records.Contains("4: key 4") && records.Contains("10: key 10") && !records.Exists(record => record.StartsWith("9:", StringComparison.Ordinal));

    private static BrokerWorld World(TimeSpan producingFrom, params (string Key, string Value)[] config) => World("compact", producingFrom, config);

    private static BrokerWorld World(string policy, TimeSpan producingFrom, params (string Key, string Value)[] config) => World(policy, producingFrom, ["/data"], config);

    private static BrokerWorld World(string policy, TimeSpan producingFrom, string[] directories, params (string Key, string Value)[] config)
    {
        var world = new BrokerWorld(
            3,
            directories: directories,
            config: [("log.segment.bytes", "1048576"), ("log.cleaner.dedupe.buffer.size", "2097152"), ("log.initial.task.delay.ms", FirstTurnMs), ("log.flush.offset.checkpoint.interval.ms", "3600000"), .. config]);
        world.Quorum.CreateTopic(Topic, 1, ("cleanup.policy", policy), ("min.cleanable.dirty.ratio", "0.01"));
        world.World.Time.Advance(producingFrom);
        TestClient client = world.Connect();
        for (int i = 0; i < BatchCount; i++)
        {
            using var builder = new RecordBatchBuilder();
            builder.Append(1_767_225_600_000 + i, Encoding.ASCII.GetBytes(KeyOf(i)), new byte[100_000]);
            Assert.Equal(ErrorCode.None, client.Produce(Topic, builder.Build().ToArray()).ErrorCode);
        }

        Assert.Equal(BatchCount / BatchesPerSegment, LogOf(world).SegmentCount);
        return world;
    }

    private static PartitionLog LogOf(BrokerWorld world) => world.Node.Partitions.Find(Name)!.Log!;

    /// <summary>Offset and key of every record, each batch with a right checksum.</summary>
    private static List<string> Read(BrokerWorld world, long from = 0)
    {
        var found = new List<string>();
        TestClient client = world.Connect();
        for (long next = from; ;)
        {
            FetchResponse.PartitionData data = client.Fetch(Topic, next);
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            var walk = new BatchWalk(data.Records!.Value.Span);
            long before = next;
            while (walk.MoveNext())
            {
                Assert.True(walk.Current.CrcIsValid());
                var reader = new RecordReader(walk.Current, walk.Current.Payload);
                while (reader.MoveNext(out RecordView record))
                {
                    found.Add($"{record.Offset}: {Encoding.ASCII.GetString(record.Key.Span)}");
                }

                next = walk.Current.LastOffset.Value + 1;
            }

            if (next == before)
            {
                return found;
            }
        }
    }
}
