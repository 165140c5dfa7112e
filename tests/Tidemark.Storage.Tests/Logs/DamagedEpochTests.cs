using System.Buffers.Binary;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Logs;

/// <summary>No checksum covers a batch's leader epoch, and a loss of power may turn bits of what was not flushed.</summary>
public class DamagedEpochTests
{
    private const string Log = "00000000000000000000.log";
    private const int EpochOffset = 12;
    private readonly StorageFixture _fixture = new();

    [Theory]
    [InlineData("4 12 4", 0, 1)]
    [InlineData("4 12 12 4", 0, 3)]
    [InlineData("12 4", 0, 0)]
    [InlineData("4 4 0 4", 0, 2)]
    [InlineData("4 5 4 6", 0, 1)]
    [InlineData("4 5 5 3 5", 0, 3)]
    [InlineData("4 4 0", 0, 2)]
    [InlineData("4 12", 0, 2)]
    [InlineData("4 5 5 6", 0, 4)]
    [InlineData("4 12 4", 2, 2)]
    [InlineData("4 12 4", 3, 3)]
    [InlineData("7 7 0 0 1", 0, 5)]
    [InlineData("4 -5 4", 0, 1)]
    [InlineData("4 4 -2147483644", 0, 2)]
    [InlineData("4 -1 4", 0, 3)]
    [InlineData("4 -5 4", 2, 3)]
    public void A_batch_that_is_out_of_line_ends_the_log_where_it_was_not_flushed(string epochs, long recoveryPoint, long end)
    {
        int[] named = [.. epochs.Split(' ').Select(int.Parse)];
        Write(named);
        PartitionLog recovered = _fixture.Open(clean: false, recoveryPoint: recoveryPoint);
        Assert.Equal(end, recovered.LogEndOffset.Value);
        Assert.Equal(end, StorageFixture.ReadAll(recovered).Count);
        Assert.Equal(end < named.Length ? 1 : 0, _fixture.Events.Truncations.Count);
        Assert.All(_fixture.Events.Truncations, text => Assert.Contains("does not lie between", text, StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_learned_of_a_damaged_batch_is_forgotten()
    {
        Write([.. Enumerable.Repeat(4, 40)]);
        Name(_fixture.FileNames.Last(name => name.EndsWith(".log", StringComparison.Ordinal)), 0, 0);
        PartitionLog recovered = _fixture.Open(clean: false, recoveryPoint: 20);
        Assert.InRange(recovered.LogEndOffset.Value, 20, 39);
        Assert.Equal([At(4, 0)], recovered.Epochs.Entries.ToArray());
    }

    [Fact]
    public void Damage_at_the_end_of_a_segment_is_seen_from_the_next_one()
    {
        Write([.. Enumerable.Repeat(4, 40)]);
        int first = _fixture.ReadFile(Log).Length / BatchBytes;
        Name(Log, first - 1, 6);
        PartitionLog recovered = _fixture.Open(clean: false);
        Assert.Equal(first - 1, recovered.LogEndOffset.Value);
        Assert.Equal(1, recovered.SegmentCount);
        Assert.Equal([At(4, 0)], recovered.Epochs.Entries.ToArray());
        Assert.Equal(first - 1, recovered.AppendAsLeader(_fixture.Batch("x"), new LeaderEpoch(7)).First.Value);
    }

    /// <summary>Of the last batch nothing behind it tells; but there never was such a leader.</summary>
    [Theory]
    [InlineData(false, 0, 1)]
    [InlineData(false, 2, 2)]
    [InlineData(true, 0, 2)]
    public void An_epoch_above_the_newest_goes_where_it_was_not_flushed(bool clean, long recoveryPoint, long end)
    {
        Write(4, 12);
        _fixture.WriteFile("leader-epoch-checkpoint", "0\n2\n4 0\n12 1\n"u8);
        PartitionLog recovered = _fixture.Open(clean: clean, recoveryPoint: recoveryPoint);
        Assert.False(recovered.RemoveEpochsAbove(new LeaderEpoch(12)));
        Assert.Equal(end < 2, recovered.RemoveEpochsAbove(new LeaderEpoch(5)));
        Assert.Equal(end, recovered.LogEndOffset.Value);
        Assert.Equal(end < 2 ? 4 : 12, recovered.Epochs.Latest.Value);
    }

    /// <summary>Its leader kept the batch because it was flushed, and did not take the epoch for one; the recovery of both does not either.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(-5)]
    public void A_follower_that_copies_a_damaged_batch_forgets_no_epoch_for_it(int damaged)
    {
        PartitionLog log = _fixture.Open();
        byte[] copied = [.. Stamped(0, 4), .. Stamped(1, damaged), .. Stamped(2, 4)];

        Assert.Equal(ErrorCode.None, log.AppendAsFollower(copied, new LeaderEpoch(4)).Error);
        Assert.Equal(3, log.LogEndOffset.Value);
        Assert.Equal([At(4, 0)], log.Epochs.Entries.ToArray());

        byte[] Stamped(long offset, int epoch)
        {
            byte[] batch = _fixture.Batch("v");
            RecordBatchHeader.Stamp(batch, new Offset(offset), new LeaderEpoch(epoch));
            return batch;
        }
    }

    private int BatchBytes => _fixture.Batch("v").Length;

    private static EpochStart At(int epoch, long offset) => new(new LeaderEpoch(epoch), new Offset(offset));

    /// <summary>A log of batches with one record, which name these epochs whether or not that could be.</summary>
    private void Write(params int[] epochs)
    {
        PartitionLog log = _fixture.Open();
        foreach (int _ in epochs)
        {
            log.AppendAsLeader(_fixture.Batch("v"), new LeaderEpoch(4));
        }

        log.Close();
        for (int i = 0; i < epochs.Length; i++)
        {
            if (epochs[i] != 4)
            {
                Name(Log, i, epochs[i]);
            }
        }
    }

    private void Name(string file, int batch, int epoch)
    {
        byte[] content = _fixture.ReadFile(file);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan((batch * BatchBytes) + EpochOffset), epoch);
        _fixture.WriteFile(file, content);
    }
}
