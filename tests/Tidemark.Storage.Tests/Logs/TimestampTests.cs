using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

public class TimestampTests
{
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void The_first_record_not_before_the_time_is_found_as_a_scan_finds_it()
    {
        var random = new Tidemark.Simulator.SeededRandom(42);
        PartitionLog log = _fixture.Open();
        var times = new List<long>();
        for (int i = 0; i < 120; i++)
        {
            long time = 1000 + random.Next(1000);
            times.Add(time);
            log.AppendAsLeader(
                _fixture.Batch(["v"], RecordBatchOptions.Default with { Codec = i % 2 == 0 ? CompressionCodec.None : CompressionCodec.Gzip }, time), default);
        }

        Check(log);
        log.Close();
        Check(_fixture.Open());

        void Check(PartitionLog checkedLog)
        {
            for (long asked = 990; asked < 2010; asked += 7)
            {
                int expected = times.FindIndex(time => time >= asked);
                TimestampedOffset? found = checkedLog.OffsetForTimestamp(asked);
                Assert.Equal(expected < 0 ? (-1, -1) : (times[expected], expected), found is { } f ? (f.Timestamp, f.Offset.Value) : (-1L, -1L));
            }

            long largest = times.Max();
            Assert.Equal((largest, times.IndexOf(largest)), (checkedLog.MaxTimestampOffset()!.Value.Timestamp, (int)checkedLog.MaxTimestampOffset()!.Value.Offset.Value));
        }
    }

    /// <summary>A clean stop does not flush the index of the active segment: a loss of power afterwards may leave nothing, part of it, or something else.</summary>
    [Theory]
    [InlineData(0, null)]
    [InlineData(2, null)]
    [InlineData(3, 0)]
    [InlineData(3, 0x7f)]
    public void A_time_index_that_is_not_whole_does_not_make_records_older(int entries, int? filledWith)
    {
        LogOptions options = LogOptions.Default with { IndexIntervalBytes = 100, RetentionMs = 60_000 };
        PartitionLog log = _fixture.Open(options);
        for (int i = 0; i < 30; i++)
        {
            log.AppendAsLeader(_fixture.Batch("some value"), default);
            _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        }

        log.Close();
        const string Index = "00000000000000000000.timeindex";
        byte[] left = _fixture.ReadFile(Index)[..(12 * entries)];
        if (filledWith is { } value)
        {
            Array.Fill(left, (byte)value);
        }

        _fixture.WriteFile(Index, left);

        log = _fixture.Open(options);
        Assert.Equal(0, log.Retain(log.LogEndOffset));
        Assert.Equal(29, log.MaxTimestampOffset()!.Value.Offset.Value);
        Assert.Equal(30, StorageFixture.ReadAll(log).Count);
    }

    /// <summary>With every append flushed, the recovery point may stand where a segment became full whose indexes are not on the disk yet.</summary>
    [Fact]
    public void Records_just_before_the_recovery_point_are_no_older_than_they_are()
    {
        LogOptions options = LogOptions.Default with { IndexIntervalBytes = 100, RetentionMs = 60_000, FlushMessages = 1 };
        PartitionLog log = _fixture.Open(options);
        for (int i = 0; i < 30; i++)
        {
            log.AppendAsLeader(_fixture.Batch("some value"), default);
            _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        }

        long recoveryPoint = log.RecoveryPoint.Value;
        log.Roll();
        _fixture.Disk.CrashNow(CrashKind.Process);
        _fixture.Disk.Restart();
        const string Index = "00000000000000000000.timeindex";
        _fixture.WriteFile(Index, _fixture.ReadFile(Index)[..24]);

        log = _fixture.Open(options, clean: false, recoveryPoint: recoveryPoint);
        Assert.Equal((2, 30L), (log.SegmentCount, recoveryPoint));
        Assert.Equal(0, log.Retain(log.LogEndOffset));
        Assert.Equal(29, log.MaxTimestampOffset()!.Value.Offset.Value);
    }

    [Fact]
    public void Records_before_the_log_start_are_not_found()
    {
        PartitionLog log = _fixture.Open();
        for (int i = 0; i < 5; i++)
        {
            log.AppendAsLeader(_fixture.Batch(["a", "b"], timestamp: 1000 + i), default);
        }

        log.AdvanceLogStart(new Offset(5));
        Assert.Equal(new Offset(5), log.OffsetForTimestamp(0)!.Value.Offset);
        Assert.Equal(1002, log.OffsetForTimestamp(0)!.Value.Timestamp);
    }

    [Fact]
    public void A_truncated_record_is_no_longer_the_newest()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.Batch(["a"], timestamp: 1000), default);
        log.AppendAsLeader(_fixture.Batch(["b"], timestamp: 5000), default);
        log.TruncateTo(new Offset(1));
        Assert.Equal(1000, log.MaxTimestampOffset()!.Value.Timestamp);
        Assert.Null(log.OffsetForTimestamp(1001));
        log.TruncateTo(new Offset(0));
        Assert.Null(log.MaxTimestampOffset());
    }
}
