using Tidemark.Primitives;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

public class RollAndRetentionTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void A_segment_is_rolled_before_it_grows_over_its_size()
    {
        PartitionLog log = Filled(StorageFixture.SmallSegments, 100);
        Assert.All(
            _fixture.Disk.List(StorageFixture.Directory).Where(entry => entry.Name.EndsWith(".log", StringComparison.Ordinal)),
            entry => Assert.InRange(entry.Length, 1, 1000));
        Assert.Equal(log.SegmentCount - 1, _fixture.Events.Rolls);
    }

    /// <summary>A change of the cluster's metadata is one batch, whatever a segment holds: refused, it would be decided again for ever.</summary>
    [Theory]
    [InlineData(AppendOrigin.Quorum, ErrorCode.None, 3)]
    [InlineData(AppendOrigin.Client, ErrorCode.RecordListTooLarge, 1)]
    public void Only_what_the_quorum_writes_may_be_larger_than_a_segment(AppendOrigin origin, ErrorCode expected, int segments)
    {
        PartitionLog log = _fixture.Open(StorageFixture.SmallSegments);
        var terms = new AppendTerms(origin);
        log.AppendAsLeader(_fixture.Batch(["before"]), default, terms);
        byte[] large = _fixture.Batch([new string('x', 2 * StorageFixture.SmallSegments.SegmentBytes)]);
        Assert.Equal(expected, log.AppendAsLeader(large, default, terms).Error);
        log.AppendAsLeader(_fixture.Batch(["behind"]), default, terms);
        Assert.Equal(segments, log.SegmentCount);
        log.Close();
        List<string> held = StorageFixture.ReadAll(_fixture.Open(StorageFixture.SmallSegments));
        Assert.Equal((expected == ErrorCode.None ? 3 : 2, "0:before"), (held.Count, held[0]));
        Assert.EndsWith("behind", held[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_segment_is_rolled_by_the_age_of_its_records_and_not_by_the_clock()
    {
        PartitionLog log = _fixture.Open(LogOptions.Default with { SegmentMs = 1000 });
        log.AppendAsLeader(_fixture.Batch(["a"], timestamp: 5000), default);
        _fixture.Time.Advance(TimeSpan.FromHours(1));
        log.AppendAsLeader(_fixture.Batch(["b"], timestamp: 6000), default);
        Assert.Equal(1, log.SegmentCount);
        log.AppendAsLeader(_fixture.Batch(["c"], timestamp: 6001), default);
        Assert.Equal(new Offset(2), log.ActiveBaseOffset);
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public void What_must_be_compacted_soon_does_not_stay_in_the_active_segment(bool compacts, int segments)
    {
        PartitionLog log = _fixture.Open(LogOptions.Default with { Compacts = compacts, MaxCompactionLagMs = 1000 });
        log.AppendAsLeader(_fixture.Batch(["a=1"], timestamp: 5000), default);
        log.AppendAsLeader(_fixture.Batch(["a=2"], timestamp: 6000), default);
        Assert.Equal(1, log.SegmentCount);
        log.AppendAsLeader(_fixture.Batch(["a=3"], timestamp: 6001), default);
        Assert.Equal(segments, log.SegmentCount);
    }

    [Fact]
    public void Segments_roll_earlier_by_a_part_of_the_jitter_that_is_the_same_on_every_replica()
    {
        LogOptions options = LogOptions.Default with { SegmentMs = 10_000, SegmentJitterMs = 9_000 };
        List<long> Rolls(StorageFixture fixture)
        {
            PartitionLog log = fixture.Open(options);
            for (int i = 0; i < 200; i++)
            {
                log.AppendAsLeader(fixture.Batch(["a"], timestamp: 5000 + (i * 500)), default);
            }

            log.Close();
            return [.. fixture.FileNames.Where(name => name.EndsWith(".log", StringComparison.Ordinal)).Select(name => long.Parse(name.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture))];
        }

        List<long> rolls = Rolls(_fixture);
        List<long> lengths = [.. rolls.Zip(rolls.Skip(1), (first, second) => second - first)];
        Assert.All(lengths, length => Assert.InRange(length, 2, 21));
        Assert.True(lengths.Distinct().Count() > 2);
        Assert.Equal(rolls, Rolls(new StorageFixture(seed: 9)));
    }

    [Fact]
    public void A_log_that_is_compacted_and_deleted_loses_what_is_too_old_of_both()
    {
        var options = StorageFixture.SmallSegments with { RetentionMs = 60_000, Deletes = true, Compacts = true };
        PartitionLog log = Filled(options, 50);
        _fixture.Time.Advance(TimeSpan.FromSeconds(50));
        log.Roll();
        for (int i = 0; i < 10; i++)
        {
            log.AppendAsLeader(_fixture.Batch($"k{i}=1"), default);
        }

        _fixture.Time.Advance(TimeSpan.FromSeconds(20));
        log.Retain(log.LogEndOffset);
        Assert.Equal(new Offset(50), log.LogStart);
        Assert.Equal(10, StorageFixture.ReadAll(log).Count);
        Assert.True(log.CompactionRange(Offset.Zero, log.LogEndOffset).FirstDirty >= log.LogStart);
    }

    [Fact]
    public void A_segment_is_rolled_when_its_index_is_full()
    {
        PartitionLog log = Filled(LogOptions.Default with { IndexIntervalBytes = 1, IndexBytesMax = 120 }, 50);
        Assert.True(log.SegmentCount > 3);
        Assert.Equal(50, StorageFixture.ReadAll(log).Count);
    }

    [Fact]
    public void Retention_by_time_removes_old_segments_and_rolls_when_all_are_old()
    {
        LogOptions options = StorageFixture.SmallSegments with { RetentionMs = 60_000 };
        PartitionLog log = Filled(options, 50);
        Assert.Equal(0, log.Retain(log.LogEndOffset));
        _fixture.Time.Advance(TimeSpan.FromMinutes(2));
        log.Retain(log.LogEndOffset);
        Assert.Equal((1, new Offset(50), new Offset(50)), (log.SegmentCount, log.LogStart, log.LogEndOffset));
        Assert.Equal(0L, log.SizeBytes);
    }

    [Fact]
    public void Records_without_timestamps_grow_old_over_restarts_too()
    {
        LogOptions options = StorageFixture.SmallSegments with { RetentionMs = 60_000 };
        PartitionLog log = _fixture.Open(options);
        for (int i = 0; i < 3; i++)
        {
            log.AppendAsLeader(_fixture.Batch([$"{i}"], timestamp: -1), default);
            _fixture.Time.Advance(TimeSpan.FromSeconds(25));
            log.Close();
            log = _fixture.Open(options);
            log.Roll();
            log.Retain(log.LogEndOffset);
        }

        Assert.Equal(["1:1", "2:2"], StorageFixture.ReadAll(log));
    }

    [Fact]
    public void Retention_leaves_what_is_not_below_the_high_watermark()
    {
        PartitionLog log = Filled(StorageFixture.SmallSegments with { RetentionMs = 0 }, 50);
        _fixture.Time.Advance(TimeSpan.FromMinutes(2));
        log.Retain(new Offset(20));
        Assert.InRange(log.LogStart.Value, 1, 20);
        Assert.Equal(50 - log.LogStart.Value, StorageFixture.ReadAll(log).Count);
    }

    [Fact]
    public void Retention_by_size_keeps_no_less_than_was_asked()
    {
        PartitionLog log = Filled(StorageFixture.SmallSegments with { RetentionBytes = 2500 }, 100);
        log.Retain(log.LogEndOffset);
        Assert.InRange(log.SizeBytes, 2500, 3500);
    }

    [Fact]
    public void Deleted_records_are_gone_and_their_segments_too_whatever_the_policy()
    {
        PartitionLog log = Filled(StorageFixture.SmallSegments with { Deletes = false, Compacts = true }, 50);
        Assert.True(log.AdvanceLogStart(new Offset(33)));
        Assert.False(log.AdvanceLogStart(new Offset(20)));
        log.Retain(log.LogEndOffset);
        Assert.Equal(17, StorageFixture.ReadAll(log).Count);
        using LogSlice slice = log.Read(new Offset(32), 100, log.LogEndOffset, true);
        Assert.Equal(ErrorCode.OffsetOutOfRange, slice.Error);
        Assert.InRange(log.FirstSegmentBaseOffset.Value, 1, 33);
        log.Close();
        PartitionLog again = _fixture.Open(logStart: 33);
        Assert.Equal(new Offset(33), again.LogStart);
    }

    private PartitionLog Filled(LogOptions options, int records)
    {
        PartitionLog log = _fixture.Open(options);
        for (int i = 0; i < records; i++)
        {
            Assert.Equal(ErrorCode.None, log.AppendAsLeader(_fixture.Batch($"value {i}"), default).Error);
        }

        return log;
    }
}
