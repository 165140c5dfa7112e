using Tidemark.Primitives;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Logs;
using Tidemark.Tests.Shared;

namespace Tidemark.Storage.Tests.Logs;

/// <summary>Logs that hold messages of before Kafka 0.11: Kafka 4 keeps them, recovers them, gives them out and compacts them, and so do we.</summary>
public class LegacyLogTests
{
    private const string Log = "00000000000000000000.log";
    private const int End = 36;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Old_messages_outlive_a_start_of_either_kind_and_what_is_new_follows_them(bool clean)
    {
        var fixture = new StorageFixture();
        PartitionLog log = Adopt(fixture, clean);
        Assert.Empty(fixture.Events.Truncations);
        Assert.Equal(End, log.LogEndOffset.Value);
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(fixture.Batch("new=1"), new LeaderEpoch(3)).Error);
        List<string> all = StorageFixture.ReadAll(log);
        Assert.Equal(End + 1, all.Count);
        Assert.Equal(Enumerable.Range(0, End + 1), all.Select(record => int.Parse(record.Split(':')[0])));
        for (int from = 0; from <= End; from++)
        {
            Assert.Equal(all[from..], StorageFixture.ReadAll(log, from));
        }

        log.Close();
        Assert.Equal(all, StorageFixture.ReadAll(fixture.Open()));
        Assert.Equal(all, StorageFixture.ReadAll(fixture.Open(clean: false)));
        Assert.Empty(fixture.Events.Truncations);
    }

    [Fact]
    public void Old_messages_are_found_by_time()
    {
        PartitionLog log = Adopt(new StorageFixture(), clean: false);
        foreach ((long time, long offset) in new[] { (0L, 12L), (1_400_000_000_028, 18), (1_400_000_000_033, 24), (1_400_000_000_034, 24), (1_400_000_000_040, 30) })
        {
            Assert.Equal(offset, log.OffsetForTimestamp(time)?.Offset.Value);
        }

        Assert.Null(log.OffsetForTimestamp(1_400_000_000_041));
        Assert.Equal(30, log.MaxTimestampOffset()?.Offset.Value);
    }

    [Fact]
    public void A_torn_or_damaged_old_message_is_cut_off_with_what_follows_it()
    {
        byte[] segment = LegacyVectors.Segment;
        var torn = new StorageFixture();
        Assert.Equal(33, Adopt(torn, clean: false, segment[..^5]).LogEndOffset.Value);
        Assert.Contains("torn", Assert.Single(torn.Events.Truncations));
        segment[160] ^= 1;
        var damaged = new StorageFixture();
        Assert.Equal(3, Adopt(damaged, clean: false, segment).LogEndOffset.Value);
        Assert.Contains("checksum", Assert.Single(damaged.Events.Truncations));
    }

    [Fact]
    public void A_batch_that_a_wrong_bit_makes_look_old_is_found_after_a_clean_stop_too()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open(LogOptions.Default);
        for (int i = 0; i < 3; i++)
        {
            log.AppendAsLeader(fixture.Batch("a=1", "b=2", "c=3"), default);
        }

        log.Close();
        byte[] segment = fixture.ReadFile(Log);
        segment[(segment.Length * 2 / 3) + 16] = 0;
        fixture.WriteFile(Log, segment);
        Assert.Equal(6, fixture.Open(LogOptions.Default).LogEndOffset.Value);
        Assert.Contains("checksum", Assert.Single(fixture.Events.Truncations));
    }

    [Fact]
    public void A_follower_takes_old_messages_from_its_leader()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        Assert.Equal(ErrorCode.None, log.AppendAsFollower(LegacyVectors.Segment).Error);
        Assert.Equal(End, log.LogEndOffset.Value);
        Assert.Equal(LegacyVectors.Segment, fixture.ReadFile(Log));
        Assert.Equal(ErrorCode.OffsetOutOfRange, log.AppendAsFollower(LegacyVectors.All[^1].Bytes).Error);
    }

    [Fact]
    public void A_truncation_ends_before_the_message_that_holds_the_offset()
    {
        var fixture = new StorageFixture();
        PartitionLog log = Adopt(fixture, clean: true);
        Assert.True(log.TruncateTo(new Offset(22)));
        Assert.Equal(End - 15, StorageFixture.ReadAll(log).Count);
        Assert.Equal(StorageFixture.ReadAll(log), StorageFixture.ReadAll(fixture.Open(clean: false)));
    }

    [Fact]
    public void Compaction_keeps_the_last_record_of_every_key_and_writes_what_it_changes_in_the_format_of_today()
    {
        var options = StorageFixture.SmallSegments with { Compacts = true, Deletes = false, MinCleanableDirtyRatio = 0, DeleteRetentionMs = 60_000 };
        var fixture = new StorageFixture();
        PartitionLog log = Adopt(fixture, clean: false, LegacyVectors.Segment, options);
        log.AppendAsLeader(fixture.Batch("new=1"), default);
        Assert.Equal(End, Compact(log));
        Assert.Equal(["33:k0=value 33 value value value", "35:k2=", "36:new=1"], StorageFixture.ReadAll(log));
        fixture.Time.Advance(TimeSpan.FromMinutes(2));
        log.Roll();
        Compact(log);
        Assert.Equal(["33:k0=value 33 value value value", "36:new=1"], StorageFixture.ReadAll(log));
        log.Close();
        Assert.Equal(["33:k0=value 33 value value value", "36:new=1"], StorageFixture.ReadAll(fixture.Open(options, clean: false)));
    }

    [Fact]
    public void Compaction_leaves_an_old_message_as_it_is_when_nothing_of_it_goes()
    {
        var options = StorageFixture.SmallSegments with { Compacts = true, Deletes = false, MinCleanableDirtyRatio = 0 };
        var fixture = new StorageFixture();
        byte[] first = LegacyVectors.All[0].Bytes;
        PartitionLog log = Adopt(fixture, clean: false, first, options);
        log.Roll();
        log.AppendAsLeader(fixture.Batch("new=1"), default);
        Compact(log);
        Assert.Equal(["0:k0=value 0 value value value", "2:k2=", "3:new=1"], StorageFixture.ReadAll(log));
        Assert.Equal(first[..53], fixture.ReadFile(Log)[..53]);
    }

    private static long Compact(PartitionLog log)
    {
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);
        foreach (int _ in run.Steps())
        {
        }

        return run.CleanedTo.Value;
    }

    private static PartitionLog Adopt(StorageFixture fixture, bool clean, byte[]? segment = null, LogOptions? options = null)
    {
        fixture.Disk.CreateDirectory(StorageFixture.Directory);
        fixture.WriteFile(Log, segment ?? LegacyVectors.Segment);
        if (clean)
        {
            // As Kafka leaves a directory whose segments are too small for an entry of the index.
            fixture.WriteFile("00000000000000000000.index", []);
            fixture.WriteFile("00000000000000000000.timeindex", []);
            fixture.WriteFile("leader-epoch-checkpoint", "0\n0\n"u8);
        }

        return fixture.Open(options, clean);
    }
}
