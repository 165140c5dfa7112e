using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Elections;

/// <summary>When a reassignment takes replicas away.</summary>
public sealed partial class ElectionTests
{
    [Fact]
    public void A_reassignment_ends_only_when_all_its_targets_are_in_sync()
    {
        var world = new World(brokers: 4);
        TopicImage topic = world.CreateTopic("a", 1, 2);
        PartitionImage before = world.Partition("a");
        int[] target = [.. Enumerable.Range(1, 4).Where(id => !before.Replicas.Contains(id))];
        Reassign(world, [.. target]);
        Assert.Equal(4, world.Partition("a").Replicas.Length);
        Assert.Single(ListPartitionReassignments.Answer(world.Image, new ListPartitionReassignmentsRequest { Topics = null }).Topics);
        Alter(world, topic, world.Partition("a"), before.Leader, [.. before.Replicas, target[0]]);
        Assert.True(world.Partition("a").IsReassigning);
        int epoch = world.Partition("a").LeaderEpoch.Value;
        AlterPartitionResponse last = Alter(world, topic, world.Partition("a"), before.Leader, [.. before.Replicas, .. target]);
        Assert.Equal(ErrorCode.NewLeaderElected, last.Topics[0].Partitions[0].ErrorCode);

        // The old leader may not know yet that it leads no more: until it does nothing is committed without it.
        Assert.Contains(world.Partition("a").Leader, target);
        Assert.Contains(before.Leader, world.Partition("a").Isr);
        Dictionary<TopicIdPartition, Offset> since = [];
        Finish();
        Assert.True(world.Partition("a").IsReassigning);
        Array.ForEach([.. before.Replicas], id => world.Heartbeat(id));
        Finish();
        Assert.Empty(since);
        PartitionImage after = world.Partition("a");
        Assert.Equal(target, after.Replicas.ToArray());
        Assert.Contains(after.Leader, target);
        Assert.Equal(epoch + 2, after.LeaderEpoch.Value);

        void Finish() => world.Do(context => LookAfterLeaders.FinishReassignments(context with { MayBeReplaced = true }, world.Sessions, since));
    }

    [Fact]
    public void Of_a_partition_that_comes_twice_in_a_request_each_is_checked_and_the_last_that_is_allowed_counts()
    {
        var world = new World(brokers: 4);
        world.CreateTopic("a", 1, 2);
        int[] others = [.. Enumerable.Range(1, 4).Except(world.Partition("a").Replicas)];

        AlterPartitionReassignmentsResponse answer = world.Do(context => AlterPartitionReassignments.Decide(context, new AlterPartitionReassignmentsRequest
        {
            Topics = [new() { Name = "a", Partitions = [new() { PartitionIndex = 0, Replicas = [9] }, new() { PartitionIndex = 0, Replicas = [others[0], others[0]] }, new() { PartitionIndex = 0, Replicas = [.. others] }] }],
        }));

        Assert.Equal(
            [ErrorCode.InvalidReplicaAssignment, ErrorCode.InvalidReplicaAssignment, ErrorCode.None],
            answer.Responses[0].Partitions.Select(each => each.ErrorCode));
        Assert.Equal(others, world.Partition("a").AddingReplicas.Order());
    }

    [Fact]
    public void A_reassignment_keeps_in_sync_who_goes_until_it_has_heard_of_it_although_another_leads()
    {
        // It may have led until a moment ago, and still answer reads (simulator, seed 1015877).
        var world = new World(brokers: 4);
        TopicImage topic = world.CreateTopic("a", 1, 3);
        PartitionImage before = world.Partition("a");
        int gone = before.Replicas.First(id => id != before.Leader);
        int added = Enumerable.Range(1, 4).First(id => !before.Replicas.Contains(id));
        int[] target = [.. before.Replicas.Where(id => id != gone), added];
        Reassign(world, [.. target]);
        Alter(world, topic, world.Partition("a"), before.Leader, [.. before.Replicas, added]);

        Dictionary<TopicIdPartition, Offset> since = [];
        Finish();
        Assert.True(world.Partition("a").IsReassigning);
        Assert.Contains(gone, world.Partition("a").Isr);
        world.Heartbeat(gone);
        Finish();
        Assert.False(world.Partition("a").IsReassigning);
        Assert.Equal(target, world.Partition("a").Replicas.ToArray());
        Assert.Equal(before.Leader, world.Partition("a").Leader);

        void Finish() => world.Do(context => LookAfterLeaders.FinishReassignments(context with { MayBeReplaced = true }, world.Sessions, since));
    }

    [Fact]
    public void A_reassignment_whose_old_leader_dies_before_it_knows_ends_when_it_is_fenced()
    {
        var world = new World(brokers: 4);
        TopicImage topic = world.CreateTopic("a", 1, 2);
        PartitionImage before = world.Partition("a");
        int[] target = [.. Enumerable.Range(1, 4).Where(id => !before.Replicas.Contains(id))];
        Reassign(world, [.. target]);
        Alter(world, topic, world.Partition("a"), before.Leader, [.. before.Replicas, .. target]);
        foreach (int id in before.Replicas)
        {
            Assert.True(world.Partition("a").IsReassigning);
            world.Do(context => BrokerHeartbeat.Expire(context, id));
        }

        Assert.Equal(target, world.Partition("a").Replicas.ToArray());
    }
}
