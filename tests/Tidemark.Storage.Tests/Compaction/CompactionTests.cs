using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Compaction;

public class CompactionTests
{
    private static readonly LogOptions Compacting = StorageFixture.SmallSegments with
    {
        Compacts = true,
        Deletes = false,
        MinCleanableDirtyRatio = 0,
        DeleteRetentionMs = 60_000,
    };

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData(CompressionCodec.Gzip)]
    public void Of_every_key_the_last_record_stays_at_its_offset(CompressionCodec codec)
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        var random = new SeededRandom(5);
        for (int i = 0; i < 100; i++)
        {
            string[] records = [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => $"k{random.Next(10)}={i}")];
            log.AppendAsLeader(fixture.Batch(records, RecordBatchOptions.Default with { Codec = codec }), default);
        }

        List<string> before = StorageFixture.ReadAll(log);
        long size = log.SizeBytes;
        int segments = log.SegmentCount;
        Assert.Equal(log.ActiveBaseOffset, Compact(log));
        List<string> after = StorageFixture.ReadAll(log);
        Assert.Equal(Expected(before, log.ActiveBaseOffset.Value), after);
        Assert.True(log.SizeBytes < size / 2);
        Compact(log);
        Assert.Equal(after, StorageFixture.ReadAll(log));
        Assert.True(log.SegmentCount < segments / 2);
        log.Close();
        Assert.Equal(after, StorageFixture.ReadAll(fixture.Open(Compacting)));
    }

    [Fact]
    public void A_crash_at_any_change_of_a_run_loses_no_keys_last_record()
    {
        for (long crashAt = 1; ; crashAt++)
        {
            var fixture = new StorageFixture((ulong)crashAt);
            PartitionLog log = fixture.Open(Compacting);
            for (int i = 0; i < 60; i++)
            {
                log.AppendAsLeader(fixture.Batch($"k{i % 7}={i}", $"j{i % 3}={i}"), default);
            }

            log.Flush();
            List<string> before = StorageFixture.ReadAll(log);
            long active = log.ActiveBaseOffset.Value;
            CrashKind kind = crashAt % 2 == 0 ? CrashKind.Power : CrashKind.Process;
            fixture.Disk.CrashAtChange(fixture.Disk.ChangeCount + crashAt, kind);
            bool crashed = false;
            try
            {
                Compact(log);
            }
            catch (SimulatedCrashException)
            {
                crashed = true;
            }

            fixture.Disk.Restart();
            if (!crashed)
            {
                Assert.True(crashAt > 10);
                return;
            }

            PartitionLog recovered = fixture.Open(Compacting, clean: false, recoveryPoint: log.RecoveryPoint.Value);
            List<string> found = StorageFixture.ReadAll(recovered);
            string context = $"seed {crashAt}, crash at change {crashAt} of the run ({kind})";
            Assert.True(Expected(before, active).All(found.Contains), context);
            Assert.True(found.All(before.Contains), context);
            Compact(recovered);
            Assert.True(Expected(before, active).SequenceEqual(StorageFixture.ReadAll(recovered)), context);
        }
    }

    [Fact]
    public void A_tombstone_stays_until_its_horizon_and_then_goes()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        log.AppendAsLeader(fixture.Batch("a=1"), default);
        log.AppendAsLeader(fixture.Batch("a="), default);
        log.AppendAsLeader(fixture.Batch("b=1"), default);
        log.Roll();
        Compact(log);
        Assert.Equal(["1:a=", "2:b=1"], StorageFixture.ReadAll(log));
        fixture.Time.Advance(TimeSpan.FromSeconds(30));
        Compact(log);
        Assert.Equal(["1:a=", "2:b=1"], StorageFixture.ReadAll(log));
        fixture.Time.Advance(TimeSpan.FromSeconds(31));
        Compact(log);
        Assert.Equal(["2:b=1"], StorageFixture.ReadAll(log));
    }

    [Fact]
    public void What_a_transaction_aborted_goes_at_once_and_its_marker_after_the_horizon()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        log.AppendAsLeader(fixture.ProducerBatch(8, 0, 0, transactional: true, prefix: "x"), default, StorageFixture.Verified);
        log.AppendAsLeader(fixture.Batch("k=1"), default);
        log.AppendAsLeader(fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
        log.AppendAsLeader(fixture.ProducerBatch(9, 0, 0, transactional: true, prefix: "y"), default, StorageFixture.Verified);
        log.AppendAsLeader(fixture.Marker(9, 0, commit: true), default, AppendTerms.Coordinator);
        log.AppendAsLeader(fixture.ProducerBatch(8, 0, 1, prefix: "z"), default);
        log.AdvanceHighWatermark(log.LogEndOffset);
        log.Roll();
        Compact(log);
        Assert.Equal(["1:k=1", "2:control", "3:y0=0", "4:control", "5:z1=0"], StorageFixture.ReadAll(log));
        Assert.Single(log.AbortedTransactions(new Offset(0), new Offset(6)));
        Compact(log);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Compact(log);
        Assert.Equal(["1:k=1", "3:y0=0", "4:control", "5:z1=0"], StorageFixture.ReadAll(log));
        Assert.Empty(log.AbortedTransactions(new Offset(0), new Offset(6)));
    }

    [Fact]
    public void What_was_aborted_behind_the_keys_that_fit_stays_known_to_be_aborted()
    {
        // The segment is written anew as a whole although the buffer held the keys of its beginning only. Without its index of aborted
        // transactions readers with read_committed would be given what was aborted.
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting with { SegmentBytes = 100_000 });
        for (int i = 0; i < 100; i++)
        {
            log.AppendAsLeader(fixture.Batch($"k{i}={i}"), default);
        }

        log.AppendAsLeader(fixture.ProducerBatch(8, 0, 0, transactional: true, prefix: "x"), default, StorageFixture.Verified);
        AppendResult marker = log.AppendAsLeader(fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
        log.AppendAsLeader(fixture.ProducerBatch(8, 0, 1, prefix: "z"), default);
        log.AdvanceHighWatermark(log.LogEndOffset);
        log.Roll();
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), dedupeBufferBytes: 50 * 24);
        foreach (int _ in run.Steps())
        {
        }

        Assert.InRange(run.CleanedTo.Value, 1, 99);
        Assert.Equal(100, Assert.Single(log.AbortedTransactions(Offset.Zero, log.LogEndOffset)).FirstOffset);
        Assert.Contains($"{marker.First.Value}:control", StorageFixture.ReadAll(log));
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Compact(log);
        Assert.DoesNotContain(StorageFixture.ReadAll(log), record => record.Contains("x0", StringComparison.Ordinal));
    }

    [Fact]
    public void Markers_are_never_taken_for_records_of_one_key()
    {
        // In another broker markers, which all have the same key, were compacted to the last one, and transactions lost their outcome.
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        for (int i = 0; i < 3; i++)
        {
            log.AppendAsLeader(fixture.ProducerBatch(8 + i, 0, 0, transactional: true, prefix: $"x{i}-"), default, StorageFixture.Verified);
            log.AppendAsLeader(fixture.Marker(8 + i, 0, commit: true), default, AppendTerms.Coordinator);
        }

        log.AdvanceHighWatermark(log.LogEndOffset);
        log.Roll();
        Compact(log);

        Assert.Equal(["0:x0-0=0", "1:control", "2:x1-0=0", "3:control", "4:x2-0=0", "5:control"], StorageFixture.ReadAll(log));
    }

    [Fact]
    public void A_producers_last_batch_is_emptied_and_its_sequence_survives()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        log.AppendAsLeader(fixture.ProducerBatch(7, 3, 0, count: 2, prefix: "k"), default);
        log.AppendAsLeader(fixture.Batch("k0=new", "k1=new"), default);
        log.Roll();
        Compact(log);
        Assert.Equal(["2:k0=new", "3:k1=new"], StorageFixture.ReadAll(log));
        PartitionLog recovered = fixture.Open(Compacting, clean: false);
        Assert.Equal(1, Assert.Single(recovered.DescribeProducers()).LastSequence);
        Assert.True(recovered.AppendAsLeader(fixture.ProducerBatch(7, 3, 0, count: 2, prefix: "k"), default).Duplicate);
    }

    [Fact]
    public void Nothing_above_the_stable_offset_the_lag_or_in_the_active_segment_is_touched()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting with { MinCompactionLagMs = 60_000 });
        for (int i = 0; i < 60; i++)
        {
            log.AppendAsLeader(fixture.Batch($"k={i}"), default);
        }

        Assert.Equal(0, log.CompactionRange(Offset.Zero, log.LogEndOffset).DirtyBytes);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(log.ActiveBaseOffset, log.CompactionRange(Offset.Zero, log.LogEndOffset).End);
        CompactionRange bounded = log.CompactionRange(Offset.Zero, new Offset(30));
        Assert.InRange(bounded.End.Value, 1, 30);
        foreach (int step in log.BeginCompaction(bounded, 1 << 20).Steps())
        {
            Assert.True(step > 0);
        }

        Assert.Equal(60 - bounded.End.Value, StorageFixture.ReadAll(log, bounded.End.Value).Count);
        Assert.Equal($"{bounded.End.Value - 1}:k={bounded.End.Value - 1}", StorageFixture.ReadAll(log)[0]);
    }

    [Fact]
    public void However_little_is_dirty_compaction_is_due_once_a_record_has_waited_for_the_largest_lag()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting with { MinCleanableDirtyRatio = 1, MaxCompactionLagMs = 60_000 });
        for (int i = 0; i < 60; i++)
        {
            log.AppendAsLeader(fixture.Batch($"k={i}"), default);
        }

        bool IsDue() => log.CompactionRange(Offset.Zero, log.LogEndOffset).IsDue(log.Options);
        Assert.False(IsDue());
        fixture.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.True(IsDue());
    }

    [Fact]
    public void A_buffer_too_small_for_all_keys_cleans_as_far_as_it_reaches()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        for (int i = 0; i < 200; i++)
        {
            log.AppendAsLeader(fixture.Batch($"k{i % 100}={i}"), default);
        }

        List<string> before = StorageFixture.ReadAll(log);
        Offset cleaned = Offset.Zero;
        for (int round = 0; round < 40 && cleaned < log.ActiveBaseOffset; round++)
        {
            LogCompaction run = log.BeginCompaction(log.CompactionRange(cleaned, log.LogEndOffset), dedupeBufferBytes: 50 * 24);
            foreach (int _ in run.Steps())
            {
            }

            Assert.True(run.CleanedTo > cleaned);
            cleaned = run.CleanedTo;
        }

        List<string> after = StorageFixture.ReadAll(log);
        Assert.True(Expected(before, log.ActiveBaseOffset.Value).All(after.Contains));
        Assert.True(after.Count < before.Count);
    }

    [Fact]
    public void Snapshots_of_producers_go_with_the_segments_that_were_put_together()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        for (int i = 0; i < 60; i++)
        {
            log.AppendAsLeader(fixture.ProducerBatch(7, 0, i), default);
        }

        log.Flush();
        for (int i = 60; i < 90; i++)
        {
            log.AppendAsLeader(fixture.Batch($"p{i - 60}=late"), default);
        }

        log.Flush();
        int segments = log.SegmentCount;
        Compact(log);
        Compact(log);
        Assert.True(log.SegmentCount < segments);

        // The first segment has none: the log begins with it.
        Assert.Equal(OffsetsOf(".log").Skip(1), OffsetsOf(".snapshot"));
        IEnumerable<string> OffsetsOf(string suffix) =>
            fixture.FileNames.Where(name => name.EndsWith(suffix, StringComparison.Ordinal)).Select(name => Path.GetFileNameWithoutExtension(name)).Order();
    }

    [Fact]
    public void The_last_offset_that_was_cleaned_can_still_be_reached_by_a_follower()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(Compacting);
        log.AppendAsLeader(fixture.Batch("a=1"), default);
        log.AppendAsLeader(fixture.Batch("b=1"), default);
        log.AppendAsLeader(fixture.Batch("b="), default);
        log.Roll();
        Compact(log);
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        Compact(log);
        Assert.Equal(["0:a=1"], StorageFixture.ReadAll(log));

        using LogSlice slice = log.Read(Offset.Zero, 1 << 20, log.LogEndOffset, atLeastOneBatch: true);
        byte[] sent = new byte[slice.Length];
        slice.CopyTo(sent);
        PartitionLog follower = new StorageFixture(2).Open(Compacting);
        Assert.Equal(log.LogEndOffset, follower.AppendAsFollower(sent).End);
    }

    private static Offset Compact(PartitionLog log)
    {
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);
        foreach (int _ in run.Steps())
        {
        }

        return run.CleanedTo;
    }

    /// <summary>The last record of every key below the bound, and everything from there on.</summary>
    private static List<string> Expected(List<string> records, long bound)
    {
        static string KeyOf(string record) => record.Split(':', '=')[1];
        static long OffsetOf(string record) => long.Parse(record.Split(':')[0], System.Globalization.CultureInfo.InvariantCulture);
        Dictionary<string, string> last = records.Where(r => OffsetOf(r) < bound).GroupBy(KeyOf).ToDictionary(g => g.Key, g => g.Last());
        return [.. records.Where(r => OffsetOf(r) >= bound || last[KeyOf(r)] == r)];
    }
}
