using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;
using Tidemark.Tests.Shared.Disks;

namespace Tidemark.Storage.Tests.Logs;

/// <summary>What is known of aborted transactions while their segments come, go and are damaged: without it readers take what was aborted for committed.</summary>
public class AbortedTransactionTests
{
    private const string Index = ".txnindex";

    private static readonly LogOptions s_options = StorageFixture.SmallSegments with { Compacts = true, MinCleanableDirtyRatio = 0, RetentionMs = 1_000 };

    private readonly StorageFixture _fixture = new();

    [Theory]
    [InlineData(".index", ".timeindex", ".txnindex")]
    [InlineData(".index", ".txnindex")]
    [InlineData(".timeindex", ".txnindex")]
    public void They_are_read_from_the_log_again_when_a_segments_indexes_were_removed(params string[] removed)
    {
        PartitionLog log = WithTransactionOverTwoSegments();
        log.Close();
        foreach (string suffix in removed)
        {
            _fixture.Disk.DeleteFile($"{StorageFixture.Directory}/{2:D20}{suffix}");
        }

        Assert.Equal(new AbortedTransaction(8, 1, 2, 3), Assert.Single(Known(_fixture.Open(s_options))));
    }

    [Fact]
    public void They_are_read_from_the_log_again_when_their_index_is_torn()
    {
        WithTransactionOverTwoSegments().Close();
        string index = $"{2:D20}{Index}";
        _fixture.WriteFile(index, _fixture.ReadFile(index).AsSpan(0, 20));

        Assert.Single(Known(_fixture.Open(s_options)));
    }

    [Fact]
    public void The_name_of_their_index_is_flushed_with_it()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            var fixture = new StorageFixture(seed);
            PartitionLog log = fixture.Open();
            log.AppendAsLeader(fixture.Batch("a"), default);
            log.Flush();
            log.AppendAsLeader(fixture.ProducerBatch(8, 0, 0, transactional: true), default, StorageFixture.Verified);
            log.AppendAsLeader(fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
            log.Close();
            fixture.Disk.CrashNow(CrashKind.Power);
            fixture.Disk.Restart();

            Assert.True(Known(fixture.Open()).Count == 1, $"seed {seed}");
        }
    }

    [Fact]
    public void They_are_found_while_compaction_replaces_their_segment()
    {
        var disk = new InterruptedDisk(_fixture.Disk);
        PartitionLog log = WithTransactionOverTwoSegments(disk);
        disk.BeforeAborted = () =>
        {
            LogCompaction run = log.BeginCompaction(log.CompactionRange(Offset.Zero, log.LogEndOffset), 1 << 20);
            foreach (int step in run.Steps())
            {
                Assert.True(step > 0);
            }
        };

        Assert.Single(Known(log));
        Assert.Equal(["0:k=1", "2:control", "3:k=2"], StorageFixture.ReadAll(log));
        Assert.False(log.IsFailed);
    }

    [Fact]
    public void Those_that_retention_removes_are_told_of_by_the_logs_start()
    {
        var disk = new InterruptedDisk(_fixture.Disk);
        PartitionLog log = WithTransactionOverTwoSegments(disk);
        _fixture.Time.Advance(TimeSpan.FromMinutes(1));
        using LogSlice read = log.Read(Offset.Zero, 1 << 20, log.LogEndOffset, atLeastOneBatch: true);
        disk.BeforeAborted = () => log.Retain(log.LogEndOffset);

        Assert.Empty(Known(log));
        Assert.False(log.IsFailed);
        Assert.True(log.LogStart > Offset.Zero);
    }

    [Fact]
    public void The_stable_offset_is_never_below_the_logs_start()
    {
        PartitionLog log = _fixture.Open();
        log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 0, count: 3, transactional: true), default, StorageFixture.Verified);
        log.AppendAsLeader(_fixture.Batch("a", "b"), default);
        Assert.Equal(Offset.Zero, log.LastStableOffset(new Offset(5)));

        log.AdvanceLogStart(new Offset(4));

        Assert.Equal(new Offset(4), log.LastStableOffset(new Offset(5)));
        log.AdvanceLogStart(new Offset(5));
        Assert.Equal(new Offset(5), log.LastStableOffset(new Offset(5)));
    }

    private static IReadOnlyList<AbortedTransaction> Known(PartitionLog log) => log.AbortedTransactions(Offset.Zero, log.LogEndOffset);

    /// <summary>Begun in the first segment, at 1, and aborted in the second one, at 2; a third one is active.</summary>
    private PartitionLog WithTransactionOverTwoSegments(IDisk? disk = null)
    {
        PartitionLog log = PartitionLog.Open(
            _fixture.Surroundings with { Disk = disk ?? _fixture.Disk }, StorageFixture.Directory, StorageFixture.Partition, s_options, Offset.Zero, Offset.Zero, true);
        log.AppendAsLeader(_fixture.Batch("k=1"), default);
        log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 0, transactional: true), default, StorageFixture.Verified);
        log.Roll();
        log.AppendAsLeader(_fixture.Marker(8, 0, commit: false), default, AppendTerms.Coordinator);
        log.Roll();
        log.AppendAsLeader(_fixture.Batch("k=2"), default);
        log.AdvanceHighWatermark(log.LogEndOffset);
        return log;
    }

    /// <summary>Does something, once, just before an index of aborted transactions is opened to be read.</summary>
    private sealed class InterruptedDisk(IDisk disk) : WatchedDisk(disk)
    {
        public Action? BeforeAborted { get; set; }

        public override IDiskFile OpenFile(string path, DiskOpen how)
        {
            if (how == DiskOpen.Existing && path.EndsWith(Index, StringComparison.Ordinal) && BeforeAborted is { } interrupt)
            {
                BeforeAborted = null;
                interrupt();
            }

            return Below.OpenFile(path, how);
        }
    }
}
