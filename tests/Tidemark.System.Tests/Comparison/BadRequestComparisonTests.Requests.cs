using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Tests.Shared;

namespace Tidemark.System.Tests.Comparison;

/// <content>Requests that are well-formed and ask for what cannot be.</content>
public sealed partial class BadRequestComparisonTests
{
    private const sbyte OfTopic = 2;
    private const sbyte OfBroker = 4;
    private static readonly Uuid UnknownId = new(0x1234, 0x5678);
    private static readonly string TooLong = new('x', 250);

    [KafkaFact]
    public async Task Topics_that_cannot_be_get_the_same_error()
    {
        foreach (string name in new[] { "", ".", "..", "a/b", "a b", "ä", TooLong, "a\0b", Filled, "__cluster_metadata" })
        {
            await AskAsync($"create topic '{name}'", Create(name), 2, 5, 7);
        }

        await AskAsync("create no topics", new CreateTopicsRequest { TimeoutMs = 5000 }, 7);
        foreach (int partitions in new[] { 0, -2, int.MinValue, int.MaxValue })
        {
            await AskAsync($"{partitions} partitions", Create("n-p", partitions), 7);
        }

        foreach (short factor in new short[] { 0, -2, 2, short.MaxValue })
        {
            await AskAsync($"replication factor {factor}", Create("n-r", 1, factor), 7);
        }

        await AskAsync("a topic twice", Create(["twice", "twice", "once"], validateOnly: true), 7);
        foreach ((string key, string? value) in new (string, string?)[]
        {
            ("cleanup.policy", "shred"), ("retention.ms", "soon"), ("retention.ms", "-2"), ("segment.bytes", "1"), ("min.insync.replicas", "0"), ("compression.type", "zip"),
            ("retention.ms", null), ("nothing.of.the.kind", "1"), ("max.message.bytes", "-1"), ("message.timestamp.type", "Never"), ("cleanup.policy", "compact,delete,x"), ("", "1"),
            ("unclean.leader.election.enable", "maybe"), ("min.cleanable.dirty.ratio", "1.5"), ("segment.ms", "0"), ("flush.messages", "0"), ("compression.gzip.level", "10"),
            ("min.compaction.lag.ms", "10000000000000"), ("remote.storage.enable", "true"), ("local.retention.ms", "99999999999999"),
        })
        {
            CreateTopicsRequest request = Create("n-c", validateOnly: true);
            request.Topics[0].Configs.Add(new() { Name = key, Value = value });
            await AskAsync($"create with {key}={value}", request, 7);
        }

        foreach ((string what, (int Partition, int[] Brokers)[] assignments) in new (string, (int, int[])[])[]
        {
            ("an unknown broker", [(0, [9])]), ("a negative broker", [(0, [-1])]), ("a broker twice", [(0, [1, 1])]), ("no brokers", [(0, [])]), ("a gap", [(0, [1]), (2, [1])]),
            ("from one on", [(1, [1])]), ("a partition twice", [(0, [1]), (0, [1])]), ("a negative partition", [(-1, [1])]), ("unequal factors", [(0, [1]), (1, [1, 2])]),
        })
        {
            CreateTopicsRequest request = Create("n-a", -1, -1);
            request.Topics[0].Assignments.AddRange(assignments.Select(each => new CreateTopicsRequest.CreatableReplicaAssignment { PartitionIndex = each.Partition, BrokerIds = [.. each.Brokers] }));
            await AskAsync($"assignment to {what}", request, 7);
        }

        CreateTopicsRequest both = Create("n-b", 1, 1);
        both.Topics[0].Assignments.Add(new() { PartitionIndex = 0, BrokerIds = [1] });
        await AskAsync("assignment and number of partitions", both, 7);
        await AskAsync("defaults that version 3 does not know", Create("n-d", -1, -1), 3);

        await AskAsync("delete an unknown topic", new DeleteTopicsRequest { TopicNames = ["nowhere", "no/where", ""], TimeoutMs = 5000 }, 1, 5);
        await AskAsync("delete nothing", new DeleteTopicsRequest { TimeoutMs = 5000 }, 5, 6);
        await AskAsync("delete an unknown id", new DeleteTopicsRequest { Topics = [new() { TopicId = UnknownId }], TimeoutMs = 5000 }, 6);
        await AskAsync("delete neither name nor id", new DeleteTopicsRequest { Topics = [new()], TimeoutMs = 5000 }, 6);
        await AskAsync("delete by name and id", new DeleteTopicsRequest { Topics = [new() { Name = "nowhere", TopicId = UnknownId }], TimeoutMs = 5000 }, 6);
        foreach ((string name, int count) in new[] { ("nowhere", 3), (Filled, 0), (Filled, 1), (Filled, 2), (Filled, -1), (Filled, 10_002), (Filled, 10_003), (Filled, 100_000), (Filled, int.MaxValue), ("", 1) })
        {
            await AskAsync($"'{name}' to {count} partitions", new CreatePartitionsRequest { Topics = [new() { Name = name, Count = count }], TimeoutMs = 5000, ValidateOnly = true }, 0, 3);
        }

        foreach (int[][] assignments in new int[][][] { [[9]], [[]], [[1], [1]], [[1, 1]], [] })
        {
            CreatePartitionsRequest request = new() { TimeoutMs = 5000, ValidateOnly = true };
            request.Topics.Add(new() { Name = Filled, Count = 3, Assignments = [.. assignments.Select(each => new CreatePartitionsRequest.CreatePartitionsAssignment { BrokerIds = [.. each] })] });
            await AskAsync($"more partitions, assigned to {string.Join('|', assignments.Select(each => string.Join(',', each)))}", request, 3);
        }

        AssertSame(least: 70);
    }

    [KafkaFact]
    public async Task Configurations_that_cannot_be_get_the_same_error()
    {
        foreach ((sbyte type, string name) in new (sbyte, string)[] { (OfTopic, "nowhere"), (OfTopic, ""), (OfTopic, "no/where"), (OfBroker, "9"), (OfBroker, "x"), (0, "x"), (99, "x"), (-1, "x"), (8, "x"), (8, "1") })
        {
            await AskAsync($"describe {type} '{name}'", new DescribeConfigsRequest { Resources = [new() { ResourceType = type, ResourceName = name, ConfigurationKeys = ["nothing"] }] }, 1, 4);
            IncrementalAlterConfigsRequest alter = new() { ValidateOnly = true };
            alter.Resources.Add(new() { ResourceType = type, ResourceName = name, Configs = [new() { Name = "retention.ms", ConfigOperation = 0, Value = "1000" }] });
            await AskAsync($"alter {type} '{name}'", alter, 0, 1);
            AlterConfigsRequest replace = new() { ValidateOnly = true };
            replace.Resources.Add(new() { ResourceType = type, ResourceName = name, Configs = [new() { Name = "retention.ms", Value = "1000" }] });
            await AskAsync($"replace {type} '{name}'", replace, 0, 2);
        }

        foreach ((string key, sbyte operation, string? value) in new (string, sbyte, string?)[]
        {
            ("retention.ms", 0, "soon"), ("retention.ms", 0, null), ("retention.ms", 2, "1"), ("retention.ms", 3, "1"), ("retention.ms", 9, "1"), ("retention.ms", -1, "1"), ("nothing", 0, "1"), ("nothing", 1, null),
            ("cleanup.policy", 2, "shred"), ("cleanup.policy", 3, "delete"), ("cleanup.policy", 2, null), ("", 0, "1"), ("segment.bytes", 0, "-1"), ("min.insync.replicas", 0, "-4"),
        })
        {
            IncrementalAlterConfigsRequest alter = new() { ValidateOnly = true };
            alter.Resources.Add(new() { ResourceType = OfTopic, ResourceName = Filled, Configs = [new() { Name = key, ConfigOperation = operation, Value = value }] });
            await AskAsync($"operation {operation} with {key}={value}", alter, 1);
        }

        foreach ((string broker, string key, string? value) in new (string, string, string?)[]
        {
            ("1", "log.retention.ms", "soon"), ("1", "node.id", "2"), ("", "broker.id", "2"), ("1", "log.dirs", "elsewhere"), ("", "num.io.threads", "0"), ("", "log.cleaner.threads", "x"), ("", "zookeeper.connect", "x"),
            ("1", "process.roles", "broker"), ("", "listeners", "PLAINTEXT://:1"), ("", "max.connections", "-1"),
        })
        {
            IncrementalAlterConfigsRequest alter = new() { ValidateOnly = true };
            alter.Resources.Add(new() { ResourceType = OfBroker, ResourceName = broker, Configs = [new() { Name = key, ConfigOperation = 0, Value = value }] });
            await AskAsync($"broker '{broker}' with {key}={value}", alter, 1);
        }

        IncrementalAlterConfigsRequest twice = new() { ValidateOnly = true };
        twice.Resources.Add(new() { ResourceType = OfTopic, ResourceName = Filled, Configs = [new() { Name = "retention.ms", Value = "1" }, new() { Name = "retention.ms", Value = "2" }] });
        await AskAsync("a key twice", twice, 1);
        twice.Resources.Add(twice.Resources[0]);
        await AskAsync("a resource twice", twice, 1);
        await AskAsync("alter nothing", new IncrementalAlterConfigsRequest(), 1);
        await AskAsync("describe nothing", new DescribeConfigsRequest(), 4);
        foreach ((string type, string key, double value) in new[] { ("user", "producer_byte_rate", -1.0), ("user", "nothing", 1), ("nobody", "producer_byte_rate", 1), ("ip", "producer_byte_rate", 1), ("user", "consumer_byte_rate", 1.5) })
        {
            AlterClientQuotasRequest quota = new() { ValidateOnly = true };
            quota.Entries.Add(new() { Entity = [new() { EntityType = type, EntityName = "somebody" }], Ops = [new() { Key = key, Value = value }] });
            await AskAsync($"quota {key}={value} of {type}", quota, 0, 1);
        }

        AlterUserScramCredentialsRequest scram = new();
        scram.Deletions.Add(new() { Name = "nobody", Mechanism = 1 });
        scram.Upsertions.Add(new() { Name = "a", Mechanism = 9, Iterations = 4096, Salt = new byte[] { 1 }, SaltedPassword = new byte[32] });
        scram.Upsertions.Add(new() { Name = "b", Mechanism = 1, Iterations = 1, Salt = new byte[] { 1 }, SaltedPassword = new byte[32] });
        scram.Upsertions.Add(new() { Name = "", Mechanism = 1, Iterations = 4096, Salt = new byte[] { 1 }, SaltedPassword = new byte[32] });
        scram.Upsertions.Add(new() { Name = "c", Mechanism = 1, Iterations = int.MaxValue, Salt = new byte[] { 1 }, SaltedPassword = new byte[32] });
        await AskAsync("credentials", scram, 0);
        foreach ((string feature, short level, sbyte type) in new (string, short, sbyte)[] { ("metadata.version", 999, 1), ("metadata.version", 0, 1), ("metadata.version", 29, 1), ("nothing", 1, 1), ("", 1, 1), ("metadata.version", 30, 9), ("metadata.version", -1, 1) })
        {
            await AskAsync($"feature {feature} to {level} ({type})", new UpdateFeaturesRequest { ValidateOnly = true, FeatureUpdates = [new() { Feature = feature, MaxVersionLevel = level, UpgradeType = type }] }, 1, 2);
        }

        AssertSame(least: 80);
    }

    [KafkaFact]
    public async Task Partitions_offsets_and_epochs_that_are_not_there_get_the_same_error()
    {
        foreach ((string topic, int partition, long offset, int epoch) in new[] { (Filled, 9, 0L, -1), (Filled, -1, 0, -1), ("nowhere", 0, 0, -1), (Filled, 0, 1000, -1), (Filled, 0, -1, -1), (Filled, 0, long.MaxValue, -1), (Filled, 0, 0, 7), (Filled, 0, 0, -7), ("", 0, 0, -1) })
        {
            await AskAsync($"fetch {topic}-{partition}@{offset} epoch {epoch}", FetchOf(topic, partition, offset, epoch), 4, 9, 12);
        }

        FetchRequest byId = FetchOf("", 0, 0);
        byId.Topics[0].TopicId = UnknownId;
        await AskAsync("fetch an unknown id", byId, 13, 17);
        FetchRequest session = FetchOf(Filled, 0, 0);
        (session.SessionId, session.SessionEpoch) = (77, 1);
        await AskAsync("fetch in an unknown session", session, 7, 12);
        (session.SessionId, session.SessionEpoch) = (77, -5);
        await AskAsync("fetch with a bad session epoch", session, 12);
        FetchRequest follower = FetchOf(Filled, 0, 0);
        follower.ReplicaId = 2;
        await AskAsync("fetch as a replica that does not exist", follower, 12);
        FetchRequest ahead = FetchOf(Filled, 0, 3);
        ahead.Topics[0].Partitions[0].LastFetchedEpoch = 5;
        await AskAsync("fetch behind an epoch that never was", ahead, 12);

        foreach ((string topic, int partition, long timestamp, int epoch) in new[] { ("nowhere", 0, -1L, -1), (Filled, 9, -1, -1), (Filled, -1, -1, -1), (Filled, 0, -9, -1), (Filled, 0, -1, 7), (Filled, 0, long.MaxValue, -1), (Filled, 0, long.MinValue, -1), ("no/where", 0, -1, -1) })
        {
            await AskAsync($"offset of {topic}-{partition} at {timestamp} epoch {epoch}", new ListOffsetsRequest { ReplicaId = -1, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Timestamp = timestamp, CurrentLeaderEpoch = epoch }] }] }, 4, 8);
        }

        ListOffsetsRequest repeated = new() { ReplicaId = -1, Topics = [new() { Name = Filled, Partitions = [new() { PartitionIndex = 0, Timestamp = -1 }, new() { PartitionIndex = 0, Timestamp = -2 }] }] };
        await AskAsync("offsets of a partition twice", repeated, 5);
        foreach ((string topic, int partition, int current, int epoch) in new[] { ("nowhere", 0, -1, 0), (Filled, 9, -1, 0), (Filled, 0, 7, 0), (Filled, 0, -1, 9), (Filled, 0, -1, -1), (Filled, 0, -1, -9) })
        {
            await AskAsync($"end of epoch {epoch} in {topic}-{partition} epoch {current}", new OffsetForLeaderEpochRequest { Topics = [new() { Topic = topic, Partitions = [new() { Partition = partition, CurrentLeaderEpoch = current, LeaderEpoch = epoch }] }] }, 2, 4);
        }

        foreach ((string topic, int partition, long offset) in new[] { ("nowhere", 0, 0L), (Filled, 9, 0), (Filled, -1, 0), (Filled, 1, 1000), (Filled, 1, -2), (Filled, 1, long.MinValue), (BothBrokers.Compacted, 0, 0) })
        {
            await AskAsync($"delete records of {topic}-{partition} before {offset}", new DeleteRecordsRequest { TimeoutMs = 5000, Topics = [new() { Name = topic, Partitions = [new() { PartitionIndex = partition, Offset = offset }] }] }, 0, 2);
        }

        foreach (string? name in new[] { "nowhere", "no/where", "", TooLong, "." })
        {
            await AskAsync($"metadata of '{name}'", new MetadataRequest { Topics = [new() { Name = name }], AllowAutoTopicCreation = false }, 4, 9, 12);
            await AskAsync($"partitions of '{name}'", new DescribeTopicPartitionsRequest { Topics = [new() { Name = name }] }, 0);
        }

        await AskAsync("metadata of an unknown id", new MetadataRequest { Topics = [new() { TopicId = UnknownId }] }, 12, 13);
        await AskAsync("metadata of a null name without an id", new MetadataRequest { Topics = [new()] }, 12);
        await AskAsync("metadata of no topics", new MetadataRequest { Topics = [] }, 1, 12);
        await AskAsync("partitions of a topic and of what cannot be one", new DescribeTopicPartitionsRequest { Topics = [new() { Name = Filled }, new() { Name = "no/where" }] }, 0);
        await AskAsync("partitions of a topic and of no name", new DescribeTopicPartitionsRequest { Topics = [new() { Name = Filled }, new() { Name = "" }] }, 0);
        await AskAsync("partitions with no room in the answer", new DescribeTopicPartitionsRequest { Topics = [new() { Name = Filled }], ResponsePartitionLimit = 0 }, 0);
        await AskAsync("partitions from a cursor nowhere", new DescribeTopicPartitionsRequest { Topics = [new() { Name = Filled }], Cursor = new() { TopicName = "zzz", PartitionIndex = 5 } }, 0);
        await AskAsync("partitions from a negative cursor", new DescribeTopicPartitionsRequest { Topics = [new() { Name = Filled }], Cursor = new() { TopicName = Filled, PartitionIndex = -5 } }, 0);
        foreach ((string topic, int partition) in new[] { ("nowhere", 0), (Filled, 9), (Filled, -1) })
        {
            await AskAsync($"elect a leader of {topic}-{partition}", new ElectLeadersRequest { ElectionType = 0, TimeoutMs = 5000, TopicPartitions = [new() { Topic = topic, Partitions = [partition] }] }, 0, 2);
            await AskAsync($"producers of {topic}-{partition}", new DescribeProducersRequest { Topics = [new() { Name = topic, PartitionIndexes = [partition] }] }, 0);
            await AskAsync($"move {topic}-{partition} to a directory nowhere", new AlterReplicaLogDirsRequest { Dirs = [new() { Path = "/nowhere", Topics = [new() { Name = topic, Partitions = [partition] }] }] }, 1, 2);
        }

        foreach (int[]? replicas in new int[]?[] { [9], [1, 1], [], [-1], null })
        {
            AlterPartitionReassignmentsRequest reassign = new() { TimeoutMs = 5000 };
            reassign.Topics.Add(new() { Name = Filled, Partitions = [new() { PartitionIndex = 0, Replicas = replicas == null ? null : [.. replicas] }] });
            reassign.Topics.Add(new() { Name = "nowhere", Partitions = [new() { PartitionIndex = 0, Replicas = replicas == null ? null : [.. replicas] }] });
            await AskAsync($"reassign to {(replicas == null ? "nobody" : string.Join(',', replicas))}", reassign, 0, 1);
        }

        await AskAsync("a kind of election that is none", new ElectLeadersRequest { ElectionType = 5, TimeoutMs = 5000, TopicPartitions = [new() { Topic = Filled, Partitions = [0] }] }, 2);
        await AskAsync("unregister a broker that is none", new UnregisterBrokerRequest { BrokerId = 99 }, 0);
        await AskAsync("a quorum that is none", new DescribeQuorumRequest { Topics = [new() { TopicName = Filled, Partitions = [new() { PartitionIndex = 0 }] }] }, 0, 2);
        await AskAsync("an endpoint type that is none", new DescribeClusterRequest { EndpointType = 9 }, 1);
        await AskAsync("resources of a type that is none", new ListConfigResourcesRequest { ResourceTypes = [99] }, 1);
        await AskAsync("a producer's id that it never had", new InitProducerIdRequest { ProducerId = 12345, ProducerEpoch = 3, TransactionTimeoutMs = 1000 }, 3, 4);
        await AskAsync("a producer's epoch without an id", new InitProducerIdRequest { ProducerId = -1, ProducerEpoch = 3, TransactionTimeoutMs = 1000 }, 4);
        AssertSame(least: 100);
    }

    private static CreateTopicsRequest Create(string name, int partitions = 1, short replicationFactor = 1, bool validateOnly = false) => Create([name], partitions, replicationFactor, validateOnly);

    private static CreateTopicsRequest Create(string[] names, int partitions = 1, short replicationFactor = 1, bool validateOnly = false) => new()
    {
        TimeoutMs = 5000,
        ValidateOnly = validateOnly,
        Topics = [.. names.Select(name => new CreateTopicsRequest.CreatableTopic { Name = name, NumPartitions = partitions, ReplicationFactor = replicationFactor })],
    };
}
