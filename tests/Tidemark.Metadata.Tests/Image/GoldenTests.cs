using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Image;

/// <summary>Numbers and bytes that stand in logs for ever.</summary>
public sealed class GoldenTests
{
    public static TheoryData<IMetadataRecord, short> Numbers => new()
    {
        { new RegisterBrokerRecord(), 0 },
        { new UnregisterBrokerRecord(), 1 },
        { new TopicRecord(), 2 },
        { new PartitionRecord(), 3 },
        { new ConfigRecord(), 4 },
        { new PartitionChangeRecord(), 5 },
        { new FenceBrokerRecord(), 7 },
        { new UnfenceBrokerRecord(), 8 },
        { new RemoveTopicRecord(), 9 },
        { new DelegationTokenRecord(), 10 },
        { new UserScramCredentialRecord(), 11 },
        { new FeatureLevelRecord(), 12 },
        { new ClientQuotaRecord(), 14 },
        { new ProducerIdsRecord(), 15 },
        { new BrokerRegistrationChangeRecord(), 17 },
        { new AccessControlEntryRecord(), 18 },
        { new RemoveAccessControlEntryRecord(), 19 },
        { new NoOpRecord(), 20 },
        { new ZkMigrationStateRecord(), 21 },
        { new RemoveUserScramCredentialRecord(), 22 },
        { new BeginTransactionRecord(), 23 },
        { new EndTransactionRecord(), 24 },
        { new AbortTransactionRecord(), 25 },
        { new RemoveDelegationTokenRecord(), 26 },
        { new RegisterControllerRecord(), 27 },
        { new ClearElrRecord(), 28 },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Record_types_keep_their_numbers(IMetadataRecord record, short number) => Assert.Equal(number, record.RecordType);

    [Fact]
    public void Levels_of_the_metadata_version_keep_their_names()
    {
        Assert.Equal("3.3-IV3", new MetadataVersion(7).Name);
        Assert.Equal("3.7-IV2", new MetadataVersion(17).Name);
        Assert.Equal("4.0-IV1", new MetadataVersion(23).Name);
        Assert.Equal("4.3-IV0", MetadataVersion.Latest.Name);
        Assert.True(MetadataVersion.TryParse("4.1-IV0", out MetadataVersion version));
        Assert.Equal(26, version.Level);
        Assert.True(MetadataVersion.TryParse("4.0", out version));
        Assert.Equal(25, version.Level);
        Assert.False(MetadataVersion.TryParse("4.9-IV0", out _));
    }

    [Fact]
    public void Features_keep_their_names_and_levels() =>
        Assert.Equal(
            "eligible.leader.replicas.version 0-1 group.version 0-1 kraft.version 0-1 metadata.version 7-30 share.version 0-1 streams.version 0-1 transaction.version 0-2",
            string.Join(' ', FeatureTable.Supported.Select(feature => $"{feature.Key} {feature.Value.Lowest}-{feature.Value.Highest}")));

    [Fact]
    public void Kinds_of_configuration_keep_their_numbers()
    {
        Assert.Equal("Unknown=0 Topic=2 Broker=4 BrokerLogger=8 ClientMetrics=16 Group=32", Listed<ConfigResourceType>());
        Assert.Equal(
            "Unknown=0 Topic=1 DynamicBroker=2 DynamicDefaultBroker=3 StaticBroker=4 Default=5 DynamicBrokerLogger=6 ClientMetrics=7 Group=8",
            Listed<ConfigSource>());
        Assert.Equal("Unknown=0 Boolean=1 String=2 Int=3 Short=4 Long=5 Double=6 List=7 Class=8 Password=9", Listed<ConfigType>());
        Assert.Equal((0, 1, -1), (PartitionImage.Recovered, PartitionImage.Recovering, PartitionImage.NoLeader));
    }

    private static string Listed<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={Convert.ToInt64(value)}"));

    /// <summary>Each message's own bytes are held against Kafka's in the tests of the protocol; here order, versions and frames are frozen.</summary>
    [Fact]
    public void A_known_image_makes_a_snapshot_of_known_bytes()
    {
        MetadataImage image = MetadataImage.Empty.Apply(KnownRecords(), new Offset(9), new LeaderEpoch(3), 5);
        Assert.Equal(Known, Convert.ToHexStringLower(World.Encode(ImageRecords.Of(image))));
    }

    private const string Known =
        "010c00116d657461646174612e76657273696f6e001e00010c000e67726f75702e76657273696f6e0001000100040000000100000000000000000100" +
        "000000000000020000000000000004020a504c41494e5445585402682384000000020e67726f75702e76657273696f6e000000010002720000010011" +
        "020000000000000003000000000000000401020002740000000000000005000000000000000600010302000000000000000000000005000000000000" +
        "000603000000010000000202000000010101000000010000000700000008030000000000000003000000000000000400000000000000000000000000" +
        "00000001010502000000020104000202740d726574656e74696f6e2e6d73023500010e0002057573657200001370726f64756365725f627974655f72" +
        "61746540900000000000000000010f00ffffffffffffffffffffffff00000000000003e800010b000275010201020202030000100000";

    private static IReadOnlyList<MetadataRecord> KnownRecords() =>
    [
        new(new FeatureLevelRecord { Name = "metadata.version", FeatureLevel = 30 }, 0),
        new(new FeatureLevelRecord { Name = "group.version", FeatureLevel = 1 }, 0),
        new(
            new RegisterBrokerRecord
            {
                BrokerId = 1,
                BrokerEpoch = 4,
                IncarnationId = new Uuid(1, 2),
                EndPoints = [new RegisterBrokerRecord.BrokerEndpoint { Name = "PLAINTEXT", Host = "h", Port = 9092 }],
                Features = [new RegisterBrokerRecord.BrokerFeature { Name = "group.version", MaxSupportedVersion = 1 }],
                Rack = "r",
                Fenced = false,
                LogDirs = [new Uuid(3, 4)],
            },
            4),
        new(new TopicRecord { Name = "t", TopicId = new Uuid(5, 6) }, 0),
        new(
            new PartitionRecord
            {
                PartitionId = 0,
                TopicId = new Uuid(5, 6),
                Replicas = [1, 2],
                Isr = [1],
                Leader = 1,
                LeaderEpoch = 7,
                PartitionEpoch = 8,
                Directories = [new Uuid(3, 4), Uuid.Zero],
                EligibleLeaderReplicas = [2],
            },
            2),
        new(new ConfigRecord { ResourceType = 2, ResourceName = "t", Name = "retention.ms", Value = "5" }, 0),
        new(
            new ClientQuotaRecord
            {
                Entity = [new ClientQuotaRecord.EntityData { EntityType = "user", EntityName = null }],
                Key = "producer_byte_rate",
                Value = 1024,
            },
            0),
        new(new ProducerIdsRecord { BrokerId = 1, BrokerEpoch = 4, NextProducerId = 1000 }, 0),
        new(
            new UserScramCredentialRecord
            {
                Name = "u",
                Mechanism = 1,
                Salt = new byte[] { 1 },
                StoredKey = new byte[] { 2 },
                ServerKey = new byte[] { 3 },
                Iterations = 4096,
            },
            0),
    ];
}
