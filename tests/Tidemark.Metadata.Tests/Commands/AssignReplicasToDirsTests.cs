using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>Brokers tell in which of their directories replicas are.</summary>
public sealed class AssignReplicasToDirsTests
{
    private readonly World _world = new(brokers: 3);
    private readonly TopicImage _topic;

    public AssignReplicasToDirsTests() => _topic = _world.CreateTopic("t", 1, 2);

    [Fact]
    public void A_replica_in_a_directory_that_is_not_online_leaves_the_in_sync_replicas_and_leads_no_more()
    {
        int leader = _world.Partition("t").Leader;
        var lost = new Uuid(5, 5);

        Assert.Equal(ErrorCode.None, Assign(leader, lost).Directories[0].Topics[0].Partitions[0].ErrorCode);

        Assert.Equal(lost, _world.Partition("t").DirectoryOf(leader));
        Assert.NotEqual(leader, _world.Partition("t").Leader);
        Assert.DoesNotContain(leader, _world.Partition("t").Isr);
    }

    [Fact]
    public void A_directory_that_is_known_already_changes_nothing()
    {
        int leader = _world.Partition("t").Leader;
        int before = _world.Log.Count;

        Assert.Equal(ErrorCode.None, Assign(leader, World.Directory(leader)).ErrorCode);

        Assert.Equal(before, _world.Log.Count);
    }

    [Fact]
    public void Who_led_last_is_not_elected_with_an_empty_log_in_another_directory()
    {
        int last = _world.Partition("t").Leader;
        int other = _world.Partition("t").Replicas.Single(id => id != last);
        _world.Fence(other);
        _world.Fence(last);
        _world.NowMs += 9_001;
        var fresh = new Uuid(5, 5);
        _world.Register(last, directory: fresh);
        _world.Heartbeat(last);
        Assert.False(_world.Partition("t").HasLeader);

        Assert.Equal(ErrorCode.None, Assign(last, fresh).Directories[0].Topics[0].Partitions[0].ErrorCode);

        Assert.Equal(fresh, _world.Partition("t").DirectoryOf(last));
        Assert.False(_world.Partition("t").HasLeader);
        _world.Heartbeat(other);
        Assert.False(_world.Partition("t").HasLeader);
    }

    [Fact]
    public void What_Kafka_says_of_partitions_that_are_older_than_directories_is_no_lost_directory()
    {
        var migrating = new Uuid(0, 2);
        var record = new PartitionRecord
        {
            TopicId = _topic.Id,
            PartitionId = 1,
            Replicas = [1, 2],
            Isr = [1, 2],
            Leader = 1,
            Directories = [migrating, migrating],
        };
        _world.Apply([new MetadataRecord(record, _world.Image.Version.PartitionRecordVersion)]);

        Assert.True(_world.Image.HasOnline(_world.Partition("t", 1), 2));
        _world.Fence(1);
        Assert.Equal(2, _world.Partition("t", 1).Leader);
    }

    [Fact]
    public void Replicas_that_change_their_order_keep_what_is_known_of_their_directories()
    {
        // Kafka leaves the directories out where they are what they were, one by one.
        var lost = new Uuid(0, 1);
        _world.Apply(
        [
            new MetadataRecord(
                new PartitionRecord { TopicId = _topic.Id, PartitionId = 1, Replicas = [1, 2], Isr = [1, 2], Leader = 1, Directories = [lost, lost] },
                _world.Image.Version.PartitionRecordVersion),
            new MetadataRecord(
                new PartitionChangeRecord { TopicId = _topic.Id, PartitionId = 1, Replicas = [2, 1], Leader = PartitionImage.LeaderUnchanged },
                _world.Image.Version.PartitionChangeRecordVersion),
        ]);

        Assert.Equal([lost, lost], _world.Partition("t", 1).Directories.ToArray());
    }

    [Fact]
    public void A_broker_without_the_replica_or_of_another_life_is_refused()
    {
        int outsider = Enumerable.Range(1, 3).Single(id => !_world.Partition("t").Replicas.Contains(id));

        Assert.Equal(ErrorCode.NotLeaderOrFollower, Assign(outsider, World.Directory(outsider)).Directories[0].Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Assign(1, World.Directory(1), staleBy: 1).ErrorCode);
        Assert.Equal(ErrorCode.StaleBrokerEpoch, Assign(77, World.Directory(1)).ErrorCode);
    }

    private AssignReplicasToDirsResponse Assign(int broker, Uuid directory, long staleBy = 0) => _world.Do(context => AssignReplicasToDirs.Decide(
        context,
        new AssignReplicasToDirsRequest
        {
            BrokerId = broker,
            BrokerEpoch = (_world.Image.Brokers.GetValueOrDefault(broker)?.Epoch ?? 5) - staleBy,
            Directories = [new() { Id = directory, Topics = [new() { TopicId = _topic.Id, Partitions = [new() { PartitionIndex = 0 }] }] }],
        }));
}
