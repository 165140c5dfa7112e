using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Offsets;

public class OffsetRemovalTests
{
    private readonly OffsetWorld _world = new();

    [Fact]
    public void Offsets_that_nobody_managed_expire_by_the_time_of_their_commit_and_their_group_goes_with_the_last()
    {
        _world.CommitOffset(0, 5);
        _world.Pass(TimeSpan.FromDays(3));
        _world.CommitOffset(1, 6);

        _world.Pass(TimeSpan.FromDays(4) - TimeSpan.FromMinutes(1));
        Assert.Equal((5, 6), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));
        _world.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal((-1, 6), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));
        Assert.NotNull(_world.Shard.Find(OffsetWorld.Group));
        _world.Pass(TimeSpan.FromDays(3));
        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
        _world.Reload();
        Assert.Equal(-1, _world.Fetch(1).Offset);
        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
    }

    [Fact]
    public void A_retention_that_the_commit_brought_counts_instead_of_the_brokers()
    {
        _world.CommitOffset(0, 5, version: 3, retention: 60_000);
        _world.CommitOffset(1, 6, version: 3, retention: (long)TimeSpan.FromDays(9).TotalMilliseconds);

        _world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal((-1, 6), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));
        _world.Pass(TimeSpan.FromDays(8));
        Assert.Equal(6, _world.Fetch(1).Offset);
        _world.Pass(TimeSpan.FromDays(1));
        Assert.Equal(-1, _world.Fetch(1).Offset);
    }

    [Fact]
    public void An_offset_that_an_open_transaction_touches_does_not_expire()
    {
        _world.CommitOffset(0, 5);
        _world.CommitInTransaction(4, 0, 6);
        _world.CommitInTransaction(4, 1, 7);

        _world.Pass(TimeSpan.FromDays(8));
        Assert.Equal(5, _world.Fetch(0).Offset);
        _world.End(4, commit: false);
        _world.Pass(TimeSpan.FromMinutes(10));
        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
    }

    [Fact]
    public void A_group_that_lost_its_offsets_goes_at_the_next_look()
    {
        _world.CommitOffset(0, 5);
        _world.Delete(OffsetWorld.Group, OffsetWorld.Topic, 0);

        Assert.NotNull(_world.Shard.Find(OffsetWorld.Group));
        _world.Pass(TimeSpan.FromMinutes(10));
        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
    }

    [Fact]
    public void Offsets_go_with_their_topic_those_of_open_transactions_too_and_stay_of_one_that_is_made_anew()
    {
        _world.CommitOffset(0, 5);
        _world.CommitOffset(0, 6, topic: "u");
        _world.CommitInTransaction(4, 1, 7);
        _world.SetTopics(_world.Topics.Without(OffsetWorld.Topic));

        _world.End(4, commit: true);
        _world.SetTopics(_world.Topics.With(KnownTopics.Topic(OffsetWorld.Topic, 17)));
        Assert.Equal((-1, -1, 6), (_world.Fetch(0).Offset, _world.Fetch(1).Offset, _world.Fetch(0, topic: "u").Offset));
        _world.CommitOffset(0, 8);
        _world.SetTopics(_world.Topics.With(KnownTopics.Topic("new", 18)));
        Assert.Equal(8, _world.Fetch(0).Offset);
    }

    [Fact]
    public void An_offset_of_a_topic_that_was_made_anew_meanwhile_is_none_of_the_new_one()
    {
        _world.CommitOffset(0, 5);
        var log = _world.Log.ToArray();
        _world.SetTopics(_world.Topics.With(KnownTopics.Topic(OffsetWorld.Topic, 17)));

        // Whoever reads the partition without having seen the old topic go has its offsets still.
        _world.Log.Clear();
        _world.Log.AddRange(log);
        _world.Reload();
        Assert.Equal((-1, ErrorCode.None), _world.Fetch(0));
    }

    [Fact]
    public void A_topic_that_is_not_known_yet_keeps_its_offsets()
    {
        _world.CommitOffset(0, 5);
        KnownTopics topics = _world.Topics;
        _world.SetTopics(topics.Without(OffsetWorld.Topic));
        _world.Log.RemoveRange(1, _world.Log.Count - 1);
        _world.Reload();
        _world.SetTopics(topics);

        Assert.Equal(5, _world.Fetch(0).Offset);
    }

    [Fact]
    public void Deleting_offsets_answers_for_each_partition_and_for_the_whole_where_there_is_no_group()
    {
        _world.CommitOffset(0, 5);

        OffsetDeleteResponse response = _world.Delete(OffsetWorld.Group, OffsetWorld.Topic, 0, 1, 9);
        Assert.Equal(
            [(0, ErrorCode.None), (1, ErrorCode.None), (9, ErrorCode.UnknownTopicOrPartition)],
            Assert.Single(response.Topics).Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)));
        Assert.Equal(-1, _world.Fetch(0).Offset);
        Assert.Null(Assert.Single(_world.Log, l => l.Record!.Value.Value is null).Record!.Value.Value);

        OffsetDeleteResponse missing = _world.Delete("none", OffsetWorld.Topic, 0);
        Assert.Equal((ErrorCode.GroupIdNotFound, 0), (missing.ErrorCode, missing.Topics.Count));
    }

    [Fact]
    public void Deleting_offsets_of_no_known_partition_still_says_that_there_is_no_group()
    {
        _world.CommitOffset(0, 5);

        OffsetDeleteResponse unknown = _world.Delete("none", "unknown", 0);
        Assert.Equal((ErrorCode.GroupIdNotFound, 0), (unknown.ErrorCode, unknown.Topics.Count));
        Assert.Equal(ErrorCode.GroupIdNotFound, _world.Delete("none", OffsetWorld.Topic).ErrorCode);

        OffsetDeleteResponse known = _world.Delete(OffsetWorld.Group, "unknown", 0);
        Assert.Equal(ErrorCode.None, known.ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Assert.Single(Assert.Single(known.Topics).Partitions).ErrorCode);
    }

    [Fact]
    public void Deleting_a_group_removes_its_offsets_each_once()
    {
        _world.CommitOffset(0, 5);
        _world.CommitInTransaction(4, 0, 6);
        _world.CommitInTransaction(4, 2, 7);
        _world.CommitOffset(0, 9, group: "h");
        _world.Log.Clear();

        _world.Feed((shard, _) => shard.Delete(OffsetWorld.Group));

        Assert.Equal([0, 2], _world.Log.Select(l => l.Record!.Value.Key).OfType<OffsetCommitKey>().Select(k => k.Partition).Order());
        _world.End(4, commit: true);
        Assert.Equal((-1, -1, 9), (_world.Fetch(0).Offset, _world.Fetch(2).Offset, _world.Fetch(0, "h").Offset));
    }
}
