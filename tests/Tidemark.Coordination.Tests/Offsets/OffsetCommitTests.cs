using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Offsets;

public class OffsetCommitTests
{
    private readonly OffsetWorld _world = new();

    [Fact]
    public void Who_is_no_member_may_commit_to_a_group_that_nobody_joined_and_makes_it()
    {
        Assert.Equal(ErrorCode.None, _world.CommitOffset(1, 5));

        Assert.Equal((5, ErrorCode.None), _world.Fetch(1));
        Assert.Equal((-1, ErrorCode.None), _world.Fetch(0));
        Assert.Equal(("classic", "Empty"), (_world.Shard.Find(OffsetWorld.Group)!.Kind, _world.Shard.Find(OffsetWorld.Group)!.State));
    }

    [Fact]
    public void A_commit_is_told_when_it_is_committed_and_who_wants_stable_offsets_waits_for_it()
    {
        _world.CommitOffset(0, 5);
        _world.CommitsAtOnce = false;
        _world.CommitOffset(0, 6);
        long commit = _world.LastTicket;
        var all = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = OffsetWorld.Group, Topics = null };

        Assert.Equal(5, _world.Fetch(0).Offset);
        Assert.Null(_world.FetchGroup(all, stable: true));
        Assert.Null(_world.Answer<OffsetCommitResponse>(commit));
        long stable = _world.LastTicket;
        _world.Commit();
        Assert.NotNull(_world.Answer<OffsetCommitResponse>(commit));
        Assert.Equal(6, _world.Answer<OffsetFetchResponse.OffsetFetchResponseGroup>(stable)!.Topics[0].Partitions[0].CommittedOffset);
        Assert.Equal(6, _world.Fetch(0).Offset);
    }

    [Fact]
    public void What_was_not_appended_is_undone_the_group_that_it_made_too()
    {
        _world.CommitsAtOnce = false;
        _world.CommitOffset(0, 6);
        _world.Revert();

        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
        Assert.False(_world.Shard.Offsets.HasAny(OffsetWorld.Group));
    }

    [Theory]
    [InlineData(8, ErrorCode.UnknownTopicOrPartition)]
    [InlineData(10, ErrorCode.UnknownTopicId)]
    public void A_topic_that_does_not_exist_is_refused_by_name_or_by_id(short version, ErrorCode expected)
    {
        Assert.Equal(expected, _world.CommitOffset(0, 1, topic: "none", version: version));
        Assert.Null(_world.Shard.Find(OffsetWorld.Group));
    }

    [Fact]
    public void Each_partition_has_its_own_error_and_a_topic_asked_twice_is_answered_once()
    {
        var asked = new OffsetCommitRequest
        {
            GroupId = OffsetWorld.Group,
            Topics =
            [
                new() { Name = OffsetWorld.Topic, Partitions = [new() { PartitionIndex = 2, CommittedOffset = 4 }, new() { PartitionIndex = 3, CommittedOffset = 4 }] },
                new() { Name = OffsetWorld.Topic, Partitions = [new() { PartitionIndex = 0, CommittedOffset = 4, CommittedMetadata = new string('m', 4097) }] },
                new() { Name = OffsetWorld.Topic, Partitions = [] },
            ],
        };

        OffsetCommitResponse response = _world.Ask<OffsetCommitResponse>((shard, ticket, now) => shard.Offsets.Commit(ticket, asked, 8, now))!;

        Assert.Equal(
            [(2, ErrorCode.None), (3, ErrorCode.UnknownTopicOrPartition), (0, ErrorCode.OffsetMetadataTooLarge)],
            Assert.Single(response.Topics).Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)));
        Assert.Equal(2, ((OffsetCommitKey)Assert.Single(_world.Log).Record!.Value.Key).Partition);
    }

    [Theory]
    [InlineData(8, ErrorCode.IllegalGeneration)]
    [InlineData(9, ErrorCode.GroupIdNotFound)]
    public void A_generation_of_a_group_that_is_not_there_is_refused(short version, ErrorCode expected) =>
        Assert.Equal(expected, _world.CommitOffset(0, 1, version: version, generation: 5, member: "m"));

    [Fact]
    public void A_member_that_the_group_does_not_have_is_refused()
    {
        _world.CommitOffset(0, 1);

        Assert.Equal(ErrorCode.UnknownMemberId, _world.CommitOffset(0, 2, generation: 5, member: "m"));
        Assert.Equal(1, _world.Fetch(0).Offset);
    }

    [Fact]
    public void A_record_names_the_topics_id_and_the_leader_epoch_and_one_with_a_retention_when_it_expires()
    {
        _world.CommitOffset(0, 5, metadata: "note");
        _world.CommitOffset(1, 6, version: 3, retention: 500);

        CoordinatorRecord[] records = [.. _world.Log.Select(l => l.Record!.Value)];
        var plain = (OffsetCommitValue)records[0].Value!;
        var expiring = (OffsetCommitValue)records[1].Value!;
        Assert.Equal((4, 5L, "note", 1_000_000L, new Uuid(0, 7)), (records[0].ValueVersion, plain.Offset, plain.Metadata, plain.CommitTimestamp, plain.TopicId));
        Assert.Equal((1, 1_000_500L), (records[1].ValueVersion, expiring.ExpireTimestamp));
    }

    [Fact]
    public void A_topic_is_named_by_its_id_where_the_request_does()
    {
        Assert.Equal(ErrorCode.None, _world.CommitOffset(0, 5, version: 10));
        var asked = new OffsetFetchRequest.OffsetFetchRequestGroup
        {
            GroupId = OffsetWorld.Group,
            Topics = [new() { TopicId = new Uuid(0, 7), PartitionIndexes = [0] }, new() { TopicId = new Uuid(0, 99), PartitionIndexes = [0] }],
        };

        OffsetFetchResponse.OffsetFetchResponseGroup answer = _world.FetchGroup(asked, byId: true)!;

        Assert.Equal((5, ErrorCode.None), (answer.Topics[0].Partitions[0].CommittedOffset, answer.Topics[0].Partitions[0].ErrorCode));
        Assert.Equal((-1, ErrorCode.UnknownTopicId), (answer.Topics[1].Partitions[0].CommittedOffset, answer.Topics[1].Partitions[0].ErrorCode));
        OffsetFetchResponse.OffsetFetchResponseTopics all = Assert.Single(_world.FetchGroup(new() { GroupId = OffsetWorld.Group, Topics = null }, byId: true)!.Topics);
        Assert.Equal(new Uuid(0, 7), all.TopicId);
    }

    [Fact]
    public void All_offsets_of_a_group_are_told_when_no_topics_are_named()
    {
        _world.CommitOffset(2, 5);
        _world.CommitOffset(0, 6);
        _world.CommitOffset(0, 7, topic: "u");

        OffsetFetchResponse.OffsetFetchResponseGroup answer = _world.FetchGroup(new() { GroupId = OffsetWorld.Group, Topics = null })!;

        Assert.Equal(
            [("t", 0, 6L), ("t", 2, 5L), ("u", 0, 7L)],
            answer.Topics.SelectMany(t => t.Partitions.Select(p => (t.Name, p.PartitionIndex, p.CommittedOffset))));
        Assert.Empty(_world.FetchGroup(new() { GroupId = "none", Topics = null })!.Topics);
    }

    [Fact]
    public void Offsets_are_there_again_after_the_partition_is_read()
    {
        _world.CommitOffset(0, 5, metadata: "note");
        _world.CommitOffset(0, 6, metadata: "later");
        _world.CommitOffset(1, 7, group: "h", version: 3, retention: 500_000);
        _world.Reload();

        Assert.Equal((6, 7), (_world.Fetch(0).Offset, _world.Fetch(1, "h").Offset));
        Assert.NotNull(_world.Shard.Find("h"));
    }
}
