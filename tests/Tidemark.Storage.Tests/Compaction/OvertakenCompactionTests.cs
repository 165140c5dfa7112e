using Tidemark.Primitives;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Compaction;

/// <summary>Retention and truncations do not wait for compaction; it has to notice them.</summary>
public class OvertakenCompactionTests
{
    private static readonly LogOptions s_options = StorageFixture.SmallSegments with
    {
        Compacts = true,
        Deletes = true,
        RetentionMs = -1,
        MinCleanableDirtyRatio = 0,
        DeleteRetentionMs = 60_000,
    };

    private readonly StorageFixture _fixture = new();

    [Fact]
    public void A_deleted_key_does_not_come_back_when_retention_takes_a_segment_from_under_a_run()
    {
        PartitionLog log = _fixture.Open(s_options);
        AppendAndRoll(log, "x=1");
        AppendAndRoll(log, "k=deleted");
        AppendAndRoll(log, "y=" + new string('y', 900));
        AppendAndRoll(log, "k=");
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);

        // Four steps look for keys; with the sixth both segments of the first group are read, and have yet to be replaced.
        int step = 0;
        foreach (int _ in run.Steps())
        {
            if (++step == 6)
            {
                log.AdvanceLogStart(new Offset(1));
                Assert.Equal(1, log.Retain(log.LogEndOffset));
            }
        }

        Offset clean = run.CleanedTo;
        Assert.Equal(run.Range.FirstDirty, clean);
        for (int i = 0; i < 2; i++)
        {
            _fixture.Time.Advance(TimeSpan.FromMinutes(2));
            AppendAndRoll(log, $"z={i}");
            LogCompaction next = log.BeginCompaction(log.CompactionRange(clean, log.LogEndOffset), 1 << 20);
            Assert.All(next.Steps(), bytes => Assert.True(bytes > 0));
            clean = next.CleanedTo;
        }

        Assert.DoesNotContain(StorageFixture.ReadAll(log), record => record.Contains(":k=", StringComparison.Ordinal));
        Assert.Equal(log.ActiveBaseOffset, clean);
    }

    [Fact]
    public void A_segment_that_was_cut_during_a_run_is_not_replaced_by_what_it_was_before()
    {
        PartitionLog log = _fixture.Open(s_options);
        log.AppendAsLeader(_fixture.Batch("a=1"), default);
        AppendAndRoll(log, "a=cut off");
        AppendAndRoll(log, "b=" + new string('b', 900));
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);

        // Two steps look for keys; with the third the first segment is read, and has yet to be replaced.
        int step = 0;
        foreach (int _ in run.Steps())
        {
            if (++step == 3)
            {
                log.TruncateTo(new Offset(1));
                log.AppendAsLeader(_fixture.Batch("c=new"), new LeaderEpoch(1));
            }
        }

        Assert.True(run.IsOvertaken);
        Assert.Equal(["0:a=1", "1:c=new"], StorageFixture.ReadAll(log));
        Assert.Equal(ErrorCode.None, log.AppendAsLeader(_fixture.Batch("d=1"), new LeaderEpoch(1)).Error);
        Assert.Equal("2:d=1", StorageFixture.ReadAll(log)[^1]);
    }

    [Fact]
    public void A_run_whose_log_was_cut_to_its_active_segment_before_the_first_step_has_no_steps_and_cleans_nothing()
    {
        PartitionLog log = _fixture.Open(s_options);
        log.AppendAsLeader(_fixture.Batch("a=1"), default);
        AppendAndRoll(log, "a=cut off");
        AppendAndRoll(log, "b=" + new string('b', 900));
        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);
        log.TruncateTo(new Offset(1));

        Assert.Empty(run.Steps());

        Assert.True(run.IsOvertaken);
        Assert.Equal(run.Range.FirstDirty, run.CleanedTo);
        Assert.Equal(["0:a=1"], StorageFixture.ReadAll(log));
    }

    /// <summary>Whoever goes through the steps may then begin anew, and need not give the partition up.</summary>
    [Fact]
    public void A_file_that_retention_removed_is_told_from_a_failing_disk()
    {
        var fixture = new StorageFixture { Files = new(1) };
        PartitionLog log = fixture.Open(s_options);
        for (int i = 0; i < 3; i++)
        {
            log.AppendAsLeader(fixture.Batch($"k{i}=1"), default);
            log.Roll();
        }

        LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);
        log.AdvanceLogStart(new Offset(2));
        Assert.Equal(2, log.Retain(log.LogEndOffset));
        using IEnumerator<int> steps = run.Steps().GetEnumerator();
        Assert.True(steps.MoveNext());
        Assert.False(run.IsOvertaken);
        log.AdvanceLogStart(new Offset(3));
        Assert.Equal(1, log.Retain(log.LogEndOffset));
        Assert.Throws<FileNotFoundException>(() =>
        {
            while (steps.MoveNext())
            {
            }
        });
        Assert.True(run.IsOvertaken);
        Assert.False(log.IsFailed);
    }

    private void AppendAndRoll(PartitionLog log, string record)
    {
        log.AppendAsLeader(_fixture.Batch(record), default);
        log.Roll();
    }
}
