namespace Tidemark.Protocol.Tests.Catalog;

/// <summary>These numbers stand in every metadata log on disk: lines may be added here, none may change.</summary>
public class MetadataRecordNumbersTests
{
    private const string Frozen = """
        RegisterBroker=0 v0-4
        UnregisterBroker=1 v0-0
        Topic=2 v0-0
        Partition=3 v0-2
        Config=4 v0-0
        PartitionChange=5 v0-2
        FenceBroker=7 v0-0
        UnfenceBroker=8 v0-0
        RemoveTopic=9 v0-0
        DelegationToken=10 v0-0
        UserScramCredential=11 v0-0
        FeatureLevel=12 v0-0
        ClientQuota=14 v0-0
        ProducerIds=15 v0-0
        BrokerRegistrationChange=17 v0-3
        AccessControlEntry=18 v0-0
        RemoveAccessControlEntry=19 v0-0
        NoOp=20 v0-0
        ZkMigrationState=21 v0-0
        RemoveUserScramCredential=22 v0-0
        BeginTransaction=23 v0-0
        EndTransaction=24 v0-0
        AbortTransaction=25 v0-0
        RemoveDelegationToken=26 v0-0
        RegisterController=27 v0-0
        ClearElr=28 v0-0
        """;

    [Fact]
    public void Metadata_records_keep_their_numbers_and_versions()
    {
        IEnumerable<string> lines = Enum.GetValues<MetadataRecordType>().Select(type =>
        {
            (short lowest, short highest) = MessageCatalog.MetadataRecordVersions((short)type);
            return $"{type}={(short)type} v{lowest}-{highest}";
        });
        Assert.Equal(Frozen.ReplaceLineEndings("\n").Split('\n'), lines);
    }

    [Fact]
    public void Coordinator_records_keep_their_numbers()
    {
        Assert.Equal(
            "0 1 2 3 4 5 6 7 8 10 11 12 13 14 15 16 17 19 20 21 22 23",
            string.Join(' ', Enum.GetValues<GroupRecordType>().Select(type => (short)type)));
        Assert.Equal([ShareRecordType.ShareSnapshot, ShareRecordType.ShareUpdate], Enum.GetValues<ShareRecordType>());
        Assert.Equal([TransactionRecordType.TransactionLog], Enum.GetValues<TransactionRecordType>());
    }
}
