using Tidemark.Primitives;
using Tidemark.Simulator.Disks;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

public class RecoveryTests
{
    [Theory]
    [InlineData(CrashKind.Process)]
    [InlineData(CrashKind.Power)]
    public void A_crash_at_any_change_leaves_a_prefix_with_all_that_was_flushed(CrashKind kind)
    {
        for (long crashAt = 1; ; crashAt++)
        {
            ulong seed = (ulong)crashAt * 977;
            var fixture = new StorageFixture(seed);
            fixture.Disk.CrashAtChange(fixture.Disk.ChangeCount + crashAt, kind);
            var written = new List<string>();
            long acknowledged = 0, flushed = 0, recoveryPoint = 0;
            bool crashed = false;
            try
            {
                PartitionLog log = fixture.Open();
                for (int i = 0; i < 30; i++)
                {
                    string[] values = [$"{i}a", $"{i}b"];
                    written.Add($"{i * 2}:{i}a");
                    written.Add($"{(i * 2) + 1}:{i}b");
                    log.AppendAsLeader(fixture.Batch(values), new LeaderEpoch(i / 10));
                    acknowledged = log.LogEndOffset.Value;
                    if (i % 7 == 6)
                    {
                        log.Flush();
                        flushed = acknowledged;
                        recoveryPoint = log.RecoveryPoint.Value;
                    }

                    if (i == 20)
                    {
                        log.FlushSealed();
                        recoveryPoint = log.RecoveryPoint.Value;
                    }
                }

                log.Close();
            }
            catch (SimulatedCrashException)
            {
                crashed = true;
            }

            fixture.Disk.Restart();
            if (!crashed)
            {
                Assert.True(crashAt > 50);
                return;
            }

            PartitionLog recovered = fixture.Open(clean: false, recoveryPoint: recoveryPoint);
            List<string> found = StorageFixture.ReadAll(recovered);
            string context = $"seed {seed}, crash at change {crashAt} ({kind})";
            Assert.True(written.Take(found.Count).SequenceEqual(found), context);
            Assert.True(found.Count >= (kind == CrashKind.Process ? acknowledged : flushed), $"{context}: {found.Count} of {acknowledged}, {flushed} flushed");
            for (long offset = 0; offset < found.Count; offset++)
            {
                Assert.True(
                    recovered.Epochs.EpochAt(new Offset(offset)) == new LeaderEpoch((int)offset / 20),
                    $"{context}: {found.Count} found, {acknowledged} acknowledged, from {recoveryPoint}: {string.Join(" ", recovered.Epochs.Entries.ToArray())} {string.Join(" ", fixture.FileNames)} {string.Join(" ", fixture.Events.Repairs)} {string.Join(" ", fixture.Events.Truncations)}");
            }

            AppendResult next = recovered.AppendAsLeader(fixture.Batch("next"), new LeaderEpoch(9));
            Assert.True(next.Error == ErrorCode.None && next.First.Value == found.Count, context);
            Assert.True(StorageFixture.ReadAll(recovered)[^1] == $"{found.Count}:next", context);
        }
    }

    [Fact]
    public void A_torn_tail_is_cut_off_and_told_with_file_position_and_reason()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        log.AppendAsLeader(fixture.Batch("a"), default);
        log.AppendAsLeader(fixture.Batch("b"), default);
        byte[] content = fixture.ReadFile("00000000000000000000.log");
        fixture.WriteFile("00000000000000000000.log", content.AsSpan(0, content.Length - 1));
        PartitionLog recovered = fixture.Open(clean: false);
        Assert.Equal(["0:a"], StorageFixture.ReadAll(recovered));
        Assert.Equal($"00000000000000000000.log@{content.Length / 2}-{(content.Length / 2) - 1}: the last batch is torn", Assert.Single(fixture.Events.Truncations));
    }

    /// <summary>A process that was killed before its flush leaves records that the next one answers for: to its leader, which counts them.</summary>
    [Theory]
    [InlineData(1, 2)]
    [InlineData(3, 0)]
    public void What_recovery_finds_is_flushed_where_every_append_would_be(long flushMessages, long kept)
    {
        var fixture = new StorageFixture();
        LogOptions options = StorageFixture.SmallSegments with { FlushMessages = flushMessages };
        PartitionLog log = fixture.Open(StorageFixture.SmallSegments);
        log.AppendAsLeader(fixture.Batch("a"), default);
        log.AppendAsLeader(fixture.Batch("b"), default);
        fixture.Disk.CrashNow(CrashKind.Process);
        fixture.Disk.Restart();
        PartitionLog recovered = fixture.Open(options, clean: false);
        Assert.Equal(2, recovered.LogEndOffset.Value);
        Assert.Equal(kept, recovered.RecoveryPoint.Value);
        fixture.Disk.CrashNow(CrashKind.Power);
        fixture.Disk.Restart();
        Assert.InRange(fixture.Open(options, clean: false).LogEndOffset.Value, kept, 2);
    }

    /// <summary>No checksum covers a batch's base offset.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_offset_that_is_too_high_is_damage_where_nothing_is_compacted(bool compacts)
    {
        var fixture = new StorageFixture();
        LogOptions options = StorageFixture.SmallSegments with { Compacts = compacts };
        PartitionLog log = fixture.Open(options);
        log.AppendAsLeader(fixture.Batch("k=a"), default);
        log.AppendAsLeader(fixture.Batch("k=b"), default);
        byte[] content = fixture.ReadFile("00000000000000000000.log");
        content[(content.Length / 2) + 7] ^= 32;
        fixture.WriteFile("00000000000000000000.log", content);
        Assert.Equal(compacts ? 34 : 1, fixture.Open(options, clean: false).LogEndOffset.Value);
    }

    /// <summary>Only the one after it tells that an offset is not what compaction left.</summary>
    [Fact]
    public void Where_offsets_go_back_behind_a_gap_the_log_ends_before_the_gap()
    {
        var fixture = new StorageFixture();
        LogOptions options = StorageFixture.SmallSegments with { Compacts = true };
        PartitionLog log = fixture.Open(options);
        foreach (string value in (string[])["k=a", "k=b", "k=c", "k=d"])
        {
            log.AppendAsLeader(fixture.Batch(value), default);
        }

        byte[] content = fixture.ReadFile("00000000000000000000.log");
        content[(content.Length / 4) + 7] ^= 4;
        fixture.WriteFile("00000000000000000000.log", content);
        PartitionLog recovered = fixture.Open(options, clean: false);
        Assert.Equal(["0:k=a"], StorageFixture.ReadAll(recovered));
        Assert.Equal(1, recovered.LogEndOffset.Value);
        Assert.EndsWith("offset 5 comes before offset 2", Assert.Single(fixture.Events.Truncations), StringComparison.Ordinal);
    }

    [Fact]
    public void An_offset_that_is_the_next_segments_is_damage()
    {
        var fixture = new StorageFixture();
        LogOptions options = StorageFixture.SmallSegments with { Compacts = true };
        PartitionLog log = fixture.Open(options);
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(fixture.Batch("k=value"), default);
        }

        log.Close();
        string first = fixture.FileNames.First(name => name.EndsWith(".log", StringComparison.Ordinal));
        byte[] content = fixture.ReadFile(first);
        int batch = (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(content.AsSpan(8)) + 12;
        content[content.Length - batch + 7] ^= 64;
        fixture.WriteFile(first, content);
        PartitionLog recovered = fixture.Open(options, clean: false);
        Assert.Equal(1, recovered.SegmentCount);
        Assert.Equal((content.Length / batch) - 1, recovered.LogEndOffset.Value);
    }

    [Fact]
    public void A_corrupt_batch_takes_everything_after_it_along_with_later_segments()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(fixture.Batch("value"), default);
        }

        log.Close();
        string second = fixture.FileNames.Where(name => name.EndsWith(".log", StringComparison.Ordinal)).ElementAt(1);
        byte[] content = fixture.ReadFile(second);
        content[content.Length / 2] ^= 1;
        fixture.WriteFile(second, content);
        PartitionLog recovered = fixture.Open(clean: false);
        Assert.Equal(2, recovered.SegmentCount);
        Assert.InRange(recovered.LogEndOffset.Value, 11, 39);
        Assert.Equal(recovered.LogEndOffset.Value, StorageFixture.ReadAll(recovered).Count);
        Assert.Contains(fixture.Events.Truncations, text => text.StartsWith(second, StringComparison.Ordinal) && text.Contains("checksum", StringComparison.Ordinal));
    }

    [Fact]
    public void Indexes_that_are_missing_padded_or_wrong_are_made_again()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(fixture.Batch("value"), default);
        }

        log.Close();
        string[] indexes = [.. fixture.FileNames.Where(name => name.EndsWith("index", StringComparison.Ordinal))];
        Dictionary<string, byte[]> good = indexes.ToDictionary(name => name, fixture.ReadFile);
        fixture.Disk.DeleteFile($"{StorageFixture.Directory}/{indexes[0]}");
        fixture.WriteFile(indexes[^2], [.. good[indexes[^2]], .. new byte[800]]);
        PartitionLog recovered = fixture.Open(clean: false, recoveryPoint: 40);
        Assert.Equal(40, StorageFixture.ReadAll(recovered).Count);
        recovered.Close();
        foreach (string name in indexes)
        {
            Assert.Equal(good[name], fixture.ReadFile(name));
        }
    }

    [Fact]
    public void Leftovers_of_an_interrupted_run_are_removed_or_completed()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(fixture.Batch("value"), default);
        }

        log.Close();
        List<string> before = StorageFixture.ReadAll(fixture.Open());
        fixture.WriteFile("00000000000000000000.log.cleaned", [1, 2, 3]);
        fixture.WriteFile("00000000000000000000.timeindex.deleted", []);
        fixture.WriteFile("leader-epoch-checkpoint.tmp", [1]);
        string first = fixture.FileNames.First(name => name.EndsWith(".log", StringComparison.Ordinal));
        PartitionLog again = fixture.Open();
        Assert.Equal(before, StorageFixture.ReadAll(again));
        again.Close();
        fixture.WriteFile(first + ".swap", fixture.ReadFile(first));
        fixture.WriteFile(first, []);
        Assert.Equal(before, StorageFixture.ReadAll(fixture.Open()));
        Assert.DoesNotContain(fixture.FileNames, name => name.EndsWith(".swap", StringComparison.Ordinal) || name.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void After_a_clean_stop_nothing_is_written_by_the_next_start()
    {
        var fixture = new StorageFixture();
        PartitionLog log = fixture.Open();
        for (int i = 0; i < 40; i++)
        {
            log.AppendAsLeader(fixture.Batch("value"), new LeaderEpoch(2));
        }

        log.Close();
        long changes = fixture.Disk.ChangeCount;
        PartitionLog again = fixture.Open(recoveryPoint: 40);
        Assert.Equal((new Offset(40), new LeaderEpoch(2)), (again.LogEndOffset, again.Epochs.Latest));
        Assert.Equal(changes, fixture.Disk.ChangeCount);
    }
}
