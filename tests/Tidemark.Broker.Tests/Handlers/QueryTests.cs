using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Disks;

namespace Tidemark.Broker.Tests.Handlers;

public sealed class QueryTests
{
    private static ListOffsetsResponse.ListOffsetsPartitionResponse Offset(TestClient client, long timestamp, short version = 9, int epoch = -1) =>
        client.Ask<ListOffsetsResponse>(
            new ListOffsetsRequest
            {
                ReplicaId = -1,
                Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Timestamp = timestamp, CurrentLeaderEpoch = epoch }] }],
            },
            version).Topics[0].Partitions[0];

    [Fact]
    public void Offsets_are_found_by_place_and_by_time()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(3, timestamp: 1_767_225_600_000));

        Assert.Equal(3, Offset(client, -1).Offset);
        Assert.Equal(0, Offset(client, -2).Offset);
        Assert.Equal((2L, 1_767_225_600_002L), (Offset(client, -3).Offset, Offset(client, -3).Timestamp));
        Assert.Equal(0, Offset(client, -4).Offset);
        Assert.Equal(-1, Offset(client, -5).Offset);
        Assert.Equal(1, Offset(client, 1_767_225_600_001).Offset);
        Assert.Equal(-1, Offset(client, 1_767_225_600_003).Offset);
    }

    [Theory]
    [InlineData(-3, 6)]
    [InlineData(-4, 7)]
    [InlineData(-5, 8)]
    [InlineData(-6, 10)]
    [InlineData(-7, 11)]
    public void A_special_time_is_refused_in_versions_that_did_not_have_it(long timestamp, short version)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");

        Assert.Equal(ErrorCode.UnsupportedVersion, Offset(world.Connect(), timestamp, version).ErrorCode);
    }

    /// <summary>As in Kafka, which looks at the version before it looks for the partition.</summary>
    [Fact]
    public void A_special_time_of_a_later_version_is_refused_as_such_also_where_there_is_no_partition() =>
        Assert.Equal(ErrorCode.UnsupportedVersion, Offset(new BrokerWorld().Connect(), -3, version: 6).ErrorCode);

    [Theory]
    [InlineData(-1, ErrorCode.NotLeaderOrFollower)]
    [InlineData(0, ErrorCode.FencedLeaderEpoch)]
    [InlineData(1, ErrorCode.NotLeaderOrFollower)]
    [InlineData(2, ErrorCode.UnknownLeaderEpoch)]
    public void A_follower_says_whose_metadata_is_older_before_it_says_that_another_leads(int believed, ErrorCode expected)
    {
        var world = new BrokerWorld();
        Follow(world);
        TestClient client = world.Connect();

        Assert.Equal(expected, Offset(client, -1, epoch: believed).ErrorCode);
        Assert.Equal(expected, client.Ask<OffsetForLeaderEpochResponse>(
            new OffsetForLeaderEpochRequest { ReplicaId = -1, Topics = [new() { Topic = "t", Partitions = [new() { Partition = 0, CurrentLeaderEpoch = believed }] }] },
            4).Topics[0].Partitions[0].ErrorCode);
    }

    [Theory]
    [InlineData(-1, 3, 1)]
    [InlineData(-2, 0, 0)]
    [InlineData(-3, 2, 0)]
    [InlineData(1_767_225_600_001, 1, 0)]
    public void A_tool_that_compares_replicas_is_told_by_a_follower_what_its_own_log_has(long timestamp, long offset, int epoch)
    {
        var world = new BrokerWorld();
        Follow(world);
        ListOffsetsRequest request = new() { ReplicaId = -2, Topics = [new() { Name = "t", Partitions = [new() { Timestamp = timestamp, CurrentLeaderEpoch = -1 }] }] };

        ListOffsetsResponse.ListOffsetsPartitionResponse told = world.Connect().Ask<ListOffsetsResponse>(request, 9).Topics[0].Partitions[0];

        Assert.Equal((ErrorCode.None, offset, epoch), (told.ErrorCode, told.Offset, told.LeaderEpoch));
    }

    /// <summary>Three records in epoch 0, and then another broker leads.</summary>
    private static void Follow(BrokerWorld world)
    {
        Uuid id = world.Quorum.CreateTopic("t");
        world.Connect().Produce("t", TestClient.Batch(3, timestamp: 1_767_225_600_000));
        world.Quorum.Write(new PartitionChangeRecord { TopicId = id, PartitionId = 0, Replicas = [1, 2], Isr = [1, 2], Leader = 2 });
    }

    [Theory]
    [InlineData(-3)]
    [InlineData(1_767_225_600_001)]
    public void What_is_not_committed_is_not_found_by_its_time_and_a_new_leader_does_not_know_yet(long timestamp)
    {
        var world = new BrokerWorld();
        Uuid id = world.Quorum.CreateTopic("t");
        world.Quorum.Write(new PartitionChangeRecord { TopicId = id, PartitionId = 0, Replicas = [1, 2], Isr = [1, 2] });
        TestClient client = world.Connect();
        client.Ask<ProduceResponse>(TestClient.ProduceOf("t", TestClient.Batch(3, timestamp: 1_767_225_600_000), acks: 1), 9);

        Assert.Equal((ErrorCode.None, -1L), (Offset(client, timestamp).ErrorCode, Offset(client, timestamp).Offset));

        world.Quorum.Write(new PartitionChangeRecord { TopicId = id, PartitionId = 0, Leader = 1 });
        Assert.Equal((ErrorCode.OffsetNotAvailable, -1L), (Offset(client, timestamp).ErrorCode, Offset(client, timestamp).Offset));
        Assert.Equal((ErrorCode.OffsetNotAvailable, -1L), (Offset(client, 1_767_225_600_003).ErrorCode, Offset(client, 1_767_225_600_003).Offset));
    }

    [Fact]
    public void A_partition_that_is_asked_for_twice_is_refused_once_wherever_it_stands()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 2);
        ListOffsetsRequest.ListOffsetsPartition Asked(int partition, long timestamp) => new() { PartitionIndex = partition, Timestamp = timestamp, CurrentLeaderEpoch = -1 };
        ListOffsetsRequest request = new()
        {
            ReplicaId = -1,
            Topics = [new() { Name = "t", Partitions = [Asked(0, -1)] }, new() { Name = "t", Partitions = [Asked(1, -1), Asked(0, -2)] }],
        };

        ListOffsetsResponse.ListOffsetsTopicResponse answer = Assert.Single(world.Connect().Ask<ListOffsetsResponse>(request, 9).Topics);

        Assert.Equal([(0, ErrorCode.InvalidRequest), (1, ErrorCode.None)], answer.Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)));
    }

    [Fact]
    public void A_replica_in_a_directory_that_its_broker_lost_is_told_to_be_offline()
    {
        var world = new BrokerWorld();
        Uuid id = world.Quorum.CreateTopic("t", 2);
        (Uuid kept, Uuid lost) = (new Uuid(3, 1), new Uuid(3, 2));
        world.Quorum.Write(
            new PartitionChangeRecord { TopicId = id, PartitionId = 0, Directories = [kept] },
            new PartitionChangeRecord { TopicId = id, PartitionId = 1, Directories = [lost], Leader = -1 },
            new BrokerRegistrationChangeRecord { BrokerId = 1, BrokerEpoch = world.Quorum.Image.Brokers[1].Epoch, LogDirs = [kept] });
        TestClient client = world.Connect();

        MetadataResponse told = client.Ask<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = "t" }] }, 12);
        DescribeTopicPartitionsResponse described = client.Ask<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Topics = [new() { Name = "t" }], ResponsePartitionLimit = 10 }, 0);

        Assert.Equal([[], [1]], told.Topics[0].Partitions.Select(p => p.OfflineReplicas));
        Assert.Equal([[], [1]], described.Topics[0].Partitions.Select(p => p.OfflineReplicas));

        // That nobody leads is an error for who wants to read or write, not for who asks how it stands.
        Assert.Equal([ErrorCode.None, ErrorCode.LeaderNotAvailable], told.Topics[0].Partitions.Select(p => p.ErrorCode));
        Assert.Equal([(ErrorCode.None, 1), (ErrorCode.None, -1)], described.Topics[0].Partitions.Select(p => (p.ErrorCode, p.LeaderId)));
    }

    [Fact]
    public void A_wrong_leader_epoch_is_refused()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();

        Assert.Equal(ErrorCode.UnknownLeaderEpoch, Offset(client, -1, epoch: 1).ErrorCode);
        Assert.Equal(ErrorCode.FencedLeaderEpoch, Offset(client, -1, epoch: -2).ErrorCode);
        Assert.Equal(ErrorCode.None, Offset(client, -1, epoch: 0).ErrorCode);
    }

    [Fact]
    public void Deleted_records_are_out_of_range_and_the_start_has_moved()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(5));

        DeleteRecordsResponse Delete(long offset) => client.Ask<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = offset }] }] }, 2);

        Assert.Equal(ErrorCode.OffsetOutOfRange, Delete(6).Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(5, Delete(-1).Topics[0].Partitions[0].LowWatermark);
        Assert.Equal(ErrorCode.OffsetOutOfRange, client.Fetch("t", 0).ErrorCode);
        Assert.Equal(5, Offset(client, -2).Offset);
    }

    [Fact]
    public void Records_that_were_answered_as_deleted_do_not_come_back_after_a_kill()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 2);
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(5));
        client.Produce("t", TestClient.Batch(5), 1);
        var request = new DeleteRecordsRequest
        {
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = 2 }, new() { PartitionIndex = 1, Offset = 3 }] }],
        };
        long before = world.World.Disk.ChangeCount;
        client.Ask<DeleteRecordsResponse>(request, 2);
        long changes = world.World.Disk.ChangeCount - before;
        client.Ask<DeleteRecordsResponse>(request, 2);
        Assert.Equal(before + changes, world.World.Disk.ChangeCount);

        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();

        client = world.Connect();
        Assert.Equal(2, Offset(client, -2).Offset);
        Assert.Equal(ErrorCode.OffsetOutOfRange, client.Fetch("t", 2, 1).ErrorCode);
        Assert.Equal(ErrorCode.None, client.Fetch("t", 3, 1).ErrorCode);
    }

    [Fact]
    public void Requests_that_delete_records_at_once_share_what_is_written_for_them()
    {
        const int Count = 40;
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", Count + 1);
        TestClient[] clients = [.. Enumerable.Range(0, Count + 1).Select(_ => world.Connect())];
        int[] numbers = [.. Enumerable.Range(0, Count)];
        Assert.All(clients.Index(), each => each.Item.Produce("t", TestClient.Batch(5), each.Index));
        long before = world.World.Disk.ChangeCount;
        Assert.Equal(2, Answer(Count, Delete(Count)));
        long alone = world.World.Disk.ChangeCount - before;

        int[] asked = [.. numbers.Select(Delete)];
        Assert.All(numbers, number => Assert.Equal(2, Answer(number, asked[number])));

        Assert.InRange(world.World.Disk.ChangeCount - before - alone, alone, alone * 5);
        world.World.Disk.CrashNow(CrashKind.Process);
        world.World.Restart();
        world.Boot();
        Assert.All(numbers, number => Assert.Equal(2, world.Node.Partitions.Find(new TopicPartition("t", number))!.Log!.LogStart.Value));

        int Delete(int number) => clients[number].Send(
            new DeleteRecordsRequest { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = number, Offset = 2 }] }], TimeoutMs = 1000 }, 2);

        long Answer(int number, int correlation) =>
            clients[number].Receive<DeleteRecordsResponse>(ApiKey.DeleteRecords, 2, correlation).Topics[0].Partitions[0].LowWatermark;
    }

    [Fact]
    public void Of_a_partition_whose_records_are_deleted_twice_in_a_request_the_last_offset_counts()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(5));

        DeleteRecordsResponse response = client.Ask<DeleteRecordsResponse>(
            new DeleteRecordsRequest
            {
                Topics =
                [
                    new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = 4 }, new() { PartitionIndex = 0, Offset = 3 }] },
                    new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = 2 }] },
                ],
            },
            2);

        Assert.Equal(2, Assert.Single(Assert.Single(response.Topics).Partitions).LowWatermark);
        Assert.Equal(2, Offset(client, -2).Offset);
    }

    [Theory]
    [InlineData("compact", ErrorCode.PolicyViolation)]
    [InlineData("compact,delete", ErrorCode.None)]
    [InlineData("", ErrorCode.None)]
    public void A_topic_that_is_only_compacted_refuses_the_deletion_of_records(string policy, ErrorCode expected)
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("t", 1, ("cleanup.policy", policy));

        DeleteRecordsResponse response = world.Connect().Ask<DeleteRecordsResponse>(
            new DeleteRecordsRequest { Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0, Offset = -1 }] }] }, 2);

        Assert.Equal(expected, response.Topics[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public void Producer_ids_are_never_given_twice()
    {
        var world = new BrokerWorld();
        TestClient client = world.Connect();

        long[] ids = [.. Enumerable.Range(0, 1500).Select(_ => client.Ask<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 1 }, 4).ProducerId)];

        Assert.Equal(1500, ids.Distinct().Count());
        Assert.Equal(
            ErrorCode.InvalidRequest,
            client.Ask<InitProducerIdResponse>(new InitProducerIdRequest { TransactionalId = "" }, 4).ErrorCode);
    }

    [Fact]
    public void Metadata_makes_an_unknown_topic_where_it_may_and_tells_it_the_next_time()
    {
        var world = new BrokerWorld();
        TestClient client = world.Connect();
        MetadataResponse Ask(bool create) => client.Ask<MetadataResponse>(
            new MetadataRequest { Topics = [new() { Name = "auto" }], AllowAutoTopicCreation = create }, 12);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(false).Topics[0].ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, Ask(true).Topics[0].ErrorCode);
        MetadataResponse made = Ask(true);

        Assert.Equal(ErrorCode.None, made.Topics[0].ErrorCode);
        Assert.Equal(1, Assert.Single(made.Topics[0].Partitions).LeaderId);
        Assert.Equal("localhost", Assert.Single(made.Brokers).Host);
    }

    [Fact]
    public void Metadata_makes_no_topic_where_asking_must_not_and_a_coordinator_s_one_is_made_when_it_is_looked_for()
    {
        var world = new BrokerWorld(config: [("auto.create.topics.enable", "false")]);
        TestClient client = world.Connect();
        ErrorCode[] Ask() => [.. client.Ask<MetadataResponse>(
            new MetadataRequest { Topics = [new() { Name = "__consumer_offsets" }, new() { Name = "auto" }], AllowAutoTopicCreation = true }, 12).Topics.Select(topic => topic.ErrorCode)];

        Ask();
        Assert.Equal([ErrorCode.UnknownTopicOrPartition, ErrorCode.UnknownTopicOrPartition], Ask());
        client.Ask<FindCoordinatorResponse>(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["group"] }, 4);

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], Ask());
    }

    [Theory]
    [InlineData("bad name")]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("ä")]
    public void An_invalid_name_is_told_as_such(string name)
    {
        var world = new BrokerWorld();

        MetadataResponse response = world.Connect().Ask<MetadataResponse>(new MetadataRequest { Topics = [new() { Name = name }] }, 12);

        Assert.Equal(ErrorCode.InvalidTopicException, response.Topics[0].ErrorCode);
    }

    [Fact]
    public void Topic_partitions_come_in_pages()
    {
        var world = new BrokerWorld();
        world.Quorum.CreateTopic("a", 5);
        world.Quorum.CreateTopic("b", 2);
        TestClient client = world.Connect();
        DescribeTopicPartitionsResponse Ask(int limit, string? topic = null, int partition = 0) => client.Ask<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest
            {
                Topics = [new() { Name = "a" }, new() { Name = "b" }],
                ResponsePartitionLimit = limit,
                Cursor = topic is null ? null : new() { TopicName = topic, PartitionIndex = partition },
            },
            0);

        DescribeTopicPartitionsResponse first = Ask(5);
        Assert.Equal(("b", 0), (first.NextCursor!.TopicName, first.NextCursor.PartitionIndex));
        DescribeTopicPartitionsResponse last = Ask(5, "a", 4);
        Assert.Null(last.NextCursor);
        Assert.Equal([1, 2], last.Topics.Select(t => t.Partitions.Count));
        Assert.All(Ask(5, "z").Topics, t => Assert.Equal(ErrorCode.InvalidRequest, t.ErrorCode));

        // As in Kafka the next page begins with the next name that was asked for, whether there is such a topic or not.
        DescribeTopicPartitionsResponse full = client.Ask<DescribeTopicPartitionsResponse>(
            new DescribeTopicPartitionsRequest { Topics = [new() { Name = "a" }, new() { Name = "aa" }], ResponsePartitionLimit = 5 }, 0);
        Assert.Equal(("a", "aa"), (Assert.Single(full.Topics).Name, full.NextCursor?.TopicName));
    }

    [Fact]
    public void A_replica_moves_to_another_directory_and_keeps_its_records()
    {
        var world = new BrokerWorld(directories: ["/data", "/other-data"]);
        world.Quorum.CreateTopic("t");
        TestClient client = world.Connect();
        client.Produce("t", TestClient.Batch(5));
        string Where() => client.Ask<DescribeLogDirsResponse>(new DescribeLogDirsRequest { Topics = null }, 4)
            .Results.Single(r => r.Topics.Any(t => t.Name == "t" && !t.Partitions[0].IsFutureKey)).LogDir;
        string target = Where() == "/data" ? "/other-data" : "/data";

        AlterReplicaLogDirsResponse response = client.Ask<AlterReplicaLogDirsResponse>(
            new AlterReplicaLogDirsRequest { Dirs = [new() { Path = target, Topics = [new() { Name = "t", Partitions = [0, 9] }] }] }, 2);
        world.World.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([ErrorCode.None, ErrorCode.UnknownTopicOrPartition], response.Results[0].Partitions.Select(p => p.ErrorCode));
        Assert.Equal(target, Where());
        Assert.Equal(5, client.Fetch("t", 0).HighWatermark);
        Assert.Equal(5, client.Produce("t", TestClient.Batch()).BaseOffset);
    }
}
