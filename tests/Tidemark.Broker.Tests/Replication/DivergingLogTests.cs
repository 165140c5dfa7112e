using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Replication;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>Histories in which logs parted, each of which lost or mixed up records somewhere once. The bug's name stands above each.</summary>
public sealed class DivergingLogTests
{
    /// <summary>KIP-101, KAFKA-1211.</summary>
    [Fact]
    public void A_restarted_follower_keeps_what_its_stale_high_watermark_does_not_cover()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a", "b");
        set.CatchUp(2);

        set.Restart(2, checkpointedHighWatermark: 0);
        set.Elect(2, [2]);

        Assert.Equal("a@0 b@0", set.Content(2));
        Assert.Equal(2, set[2].HighWatermark.Value);
    }

    /// <summary>KAFKA-6361, KIP-279.</summary>
    [Fact]
    public void After_two_fast_failovers_a_follower_goes_back_until_both_logs_know_an_epoch()
    {
        var set = new ReplicaSet(1, 2, 3);
        set.Elect(1, [1, 2, 3]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.CatchUp(3);
        set.Elect(2, [2, 3], told: [2]);
        set.Write(2, "lost");
        set.Elect(3, [3], told: [3]);
        set.Write(3, "b", "c");

        set.Elect(3, [3]);
        set.CatchUp(2);
        set.CatchUp(1);

        Assert.Equal("a@0 b@2 c@2", set.Content(3));
        Assert.Equal(set.Content(3), set.Content(2));
        Assert.Equal(set.Content(3), set.Content(1));
    }

    /// <summary>KAFKA-7415: the second leader wrote nothing and still has to know where its epoch began.</summary>
    [Fact]
    public void A_leader_that_wrote_nothing_still_tells_where_its_epoch_ends()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.Write(1, "lost");
        set.Elect(2, [2], told: [2]);
        set.Elect(2, [2], told: [2]);
        set.Write(2, "b");

        set.Tell(1, [2]);
        set.CatchUp(1);

        Assert.Equal("a@0 b@2", set.Content(1));
    }

    /// <summary>KAFKA-7164.</summary>
    [Fact]
    public void A_new_epoch_of_the_same_leader_compares_the_logs_again()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        PartitionFollower before = set[2].Follower!;

        set.Elect(1, [1, 2]);

        Assert.NotSame(before, set[2].Follower);
    }

    /// <summary>KAFKA-13141.</summary>
    [Fact]
    public void A_diverging_fetch_moves_no_high_watermark()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a", "lost");
        set.CatchUp(2);
        set.Elect(1, [1, 2], told: [1]);
        set.Elect(2, [2], told: [2]);
        set.Write(2, "b", "c");
        set.Restart(1, 0);
        set.Elect(1, [1, 2], told: [1]);
        set.Write(1, "d");
        set.Tell(2, [1, 2]);
        long before = set[1].HighWatermark.Value;

        Assert.Equal(FollowerAction.Truncate, set.Fetch(2));

        Assert.Equal(before, set[1].HighWatermark.Value);
        set.CatchUp(2);
        Assert.Equal(set.Content(1), set.Content(2));
    }

    /// <summary>KAFKA-14704.</summary>
    [Fact]
    public void The_high_watermark_of_a_diverging_answer_is_not_taken()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.Elect(2, [2], told: [2]);
        set.Write(2, "lost", "lost too");
        set.Elect(1, [1], told: [1]);
        set.Write(1, "b", "c", "d");
        set.Tell(2, [1]);

        Assert.Equal(FollowerAction.Truncate, set.Fetch(2));

        Assert.Equal(1, set[2].Log!.LogEndOffset.Value);
        Assert.True(set[2].HighWatermark.Value <= 1);
    }

    /// <summary>KAFKA-10706.</summary>
    [Fact]
    public void A_cut_that_removes_no_record_still_forgets_the_epochs_that_conflict()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.Elect(2, [2], told: [2]);
        set.Elect(1, [1], told: [1]);
        set.Write(1, "b");
        set.Tell(2, [1]);

        set.CatchUp(2);

        Assert.Equal("a@0 b@2", set.Content(2));
        Assert.Equal([0, 2], set[2].Log!.Epochs.Entries.ToArray().Select(entry => entry.Epoch.Value));
    }

    /// <summary>KAFKA-12996.</summary>
    [Fact]
    public void A_follower_below_the_leaders_start_is_told_so_also_when_its_log_diverges()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1]);
        set.Write(1, "a", "b", "c");
        set[1].Log!.AdvanceLogStart(new Offset(2));

        Assert.Equal(FollowerAction.AskBounds, set.Fetch(2));
        Assert.Equal(FollowerAction.Restart, set[2].TakeBounds(set[2].Follower!, new Offset(2), new Offset(3)));
        set.CatchUp(2);

        Assert.Equal("c@0", set.Content(2));
    }

    /// <summary>A stale fetcher's answer once cut the log of a replica that had become leader.</summary>
    [Fact]
    public void A_late_answer_does_not_touch_a_replica_that_leads_by_now()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.Write(1, "b");
        (PartitionFollower Role, FollowerAnswer Answer, byte[] Records) late = set.Ask(2);
        set.Elect(2, [2]);
        set.Write(2, "c");

        Assert.Equal(FollowerAction.Ignore, set.Take(2, late));
        Assert.Equal(FollowerAction.Ignore, set[2].TakeBounds(late.Role, Offset.Zero, Offset.Zero));
        Assert.Equal("a@0 c@1", set.Content(2));
    }

    [Fact]
    public void A_fetch_of_an_earlier_leadership_does_not_count_when_the_broker_leads_again_before_it_is_served()
    {
        var set = new ReplicaSet(1, 2, 3);
        set.Elect(1, [1, 2, 3]);
        set.Write(1, "a", "b");
        set.Fetch(2);
        set.Fetch(2);
        set.Fetch(3);

        // While the fetch is on its way through the leader, another leads from the beginning on, and the first again after it.
        set.WhenAskedToServe = () =>
        {
            set.Elect(3, [1, 2, 3], told: [1, 3]);
            set.Elect(1, [1, 2], told: [1]);
        };
        var (role, answer, _) = set.Ask(2);

        Assert.Equal(ErrorCode.FencedLeaderEpoch, answer.Error);
        Assert.Equal(0, role.Epoch.Value);
        Assert.Equal(0, set[1].HighWatermark.Value);
    }

    /// <summary>KAFKA-7128: below the start of the leader's epoch nobody is in sync, however low its high watermark is.</summary>
    [Fact]
    public void An_answer_that_was_asked_for_before_the_partition_moved_to_another_leader_is_dropped()
    {
        // KAFKA-13207: a response under way was applied although the partition belonged to another fetcher by then.
        var set = new ReplicaSet(1, 2, 3);
        set.Elect(1, [1, 2, 3]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.CatchUp(3);
        set.Write(1, "only 1 has it");
        var late = set.Ask(2);
        set.Elect(3, [1, 2, 3]);

        Assert.Equal(FollowerAction.Ignore, set.Take(2, late));
        Assert.Equal("a@0", set.Content(2));
        set.Write(3, "b");
        set.CatchUp(2);
        Assert.Equal("a@0 b@1", set.Content(2));
    }

    [Fact]
    public void A_follower_below_the_epochs_start_is_not_proposed()
    {
        var set = new ReplicaSet(1, 2, 3);
        set.Elect(1, [1, 2]);
        set.Write(1, "a", "b");
        set.CatchUp(2);
        set.Restart(2, checkpointedHighWatermark: 0);
        set.Elect(2, [1, 2]);

        set.Fetch(3);
        Assert.Empty(set.Proposals);
        set.CatchUp(3);

        Assert.Equal([new BrokerId(1), new BrokerId(2), new BrokerId(3)], Assert.Single(set.Proposals).Isr.OrderBy(id => id.Value));
    }

    /// <summary>
    /// No checksum covers the leader epoch of a batch. A leader knows of no epoch as high, answers OFFSET_OUT_OF_RANGE, and both logs end at the same place:
    /// the follower would ask for ever.
    /// </summary>
    [Fact]
    public void A_follower_whose_last_epoch_is_damaged_gets_past_it()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a", "b");
        set.CatchUp(2);
        set.DamageEpoch(2, 18);
        set.Elect(1, [1]);
        set.CatchUp(2);
        Assert.Equal("a@0 b@0", set.Content(2));
    }

    /// <summary>And a leader would hand it on to all who follow.</summary>
    [Fact]
    public void A_leader_whose_last_epoch_is_damaged_begins_before_it()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a", "b");
        set.DamageEpoch(1, 18);
        set.Elect(1, [1]);
        set.Write(1, "c");
        set.CatchUp(2);
        Assert.Equal("a@0 c@1", set.Content(1));
        Assert.Equal("a@0 c@1", set.Content(2));
    }

    /// <summary>
    /// KAFKA-18723: the answer's bytes are read while it is sent, and by then its leader may follow another. What stands behind its own records then need not
    /// follow them in the new leader's log.
    /// </summary>
    [Fact]
    public void What_comes_under_a_later_epoch_than_the_leaders_is_left_out_of_its_answer()
    {
        var set = new ReplicaSet(1, 2);
        set.Elect(1, [1, 2]);
        set.Write(1, "a");
        set.CatchUp(2);
        set.Write(1, "lost");
        (PartitionFollower role, FollowerAnswer answer, byte[] records) = set.Ask(2);
        using var builder = new RecordBatchBuilder();
        builder.Append(1_767_225_600_000, default, "c"u8);
        byte[] later = builder.Build().ToArray();
        RecordBatchHeader.Stamp(later, new Offset(2), new LeaderEpoch(1));

        set.Take(2, (role, answer, [.. records, .. later]));
        Assert.Equal("a@0 lost@0", set.Content(2));

        set.Elect(1, [1, 2]);
        set.Take(2, (set[2].Follower!, answer with { AskedInEpoch = new LeaderEpoch(1), AskedFrom = new Offset(2) }, later));
        Assert.Equal("a@0 lost@0 c@1", set.Content(2));
    }
}
