using Tidemark.Primitives;

namespace Tidemark.Records.Tests;

/// <summary>Numbers that stand in logs or that clients know: entries may be added here, none may change.</summary>
public class FrozenNumbersTests
{
    private const string ErrorCodes = """
        UnknownServerError=-1 None=0 OffsetOutOfRange=1 CorruptMessage=2 UnknownTopicOrPartition=3 InvalidFetchSize=4 LeaderNotAvailable=5
        NotLeaderOrFollower=6 RequestTimedOut=7 BrokerNotAvailable=8 ReplicaNotAvailable=9 MessageTooLarge=10 StaleControllerEpoch=11
        OffsetMetadataTooLarge=12 NetworkException=13 CoordinatorLoadInProgress=14 CoordinatorNotAvailable=15 NotCoordinator=16 InvalidTopicException=17
        RecordListTooLarge=18 NotEnoughReplicas=19 NotEnoughReplicasAfterAppend=20 InvalidRequiredAcks=21 IllegalGeneration=22 InconsistentGroupProtocol=23
        InvalidGroupId=24 UnknownMemberId=25 InvalidSessionTimeout=26 RebalanceInProgress=27 InvalidCommitOffsetSize=28 TopicAuthorizationFailed=29
        GroupAuthorizationFailed=30 ClusterAuthorizationFailed=31 InvalidTimestamp=32 UnsupportedSaslMechanism=33 IllegalSaslState=34 UnsupportedVersion=35
        TopicAlreadyExists=36 InvalidPartitions=37 InvalidReplicationFactor=38 InvalidReplicaAssignment=39 InvalidConfig=40 NotController=41 InvalidRequest=42
        UnsupportedForMessageFormat=43 PolicyViolation=44 OutOfOrderSequenceNumber=45 DuplicateSequenceNumber=46 InvalidProducerEpoch=47 InvalidTxnState=48
        InvalidProducerIdMapping=49 InvalidTransactionTimeout=50 ConcurrentTransactions=51 TransactionCoordinatorFenced=52
        TransactionalIdAuthorizationFailed=53 SecurityDisabled=54 OperationNotAttempted=55 KafkaStorageError=56 LogDirNotFound=57 SaslAuthenticationFailed=58
        UnknownProducerId=59 ReassignmentInProgress=60 DelegationTokenAuthDisabled=61 DelegationTokenNotFound=62 DelegationTokenOwnerMismatch=63
        DelegationTokenRequestNotAllowed=64 DelegationTokenAuthorizationFailed=65 DelegationTokenExpired=66 InvalidPrincipalType=67 NonEmptyGroup=68
        GroupIdNotFound=69 FetchSessionIdNotFound=70 InvalidFetchSessionEpoch=71 ListenerNotFound=72 TopicDeletionDisabled=73 FencedLeaderEpoch=74
        UnknownLeaderEpoch=75 UnsupportedCompressionType=76 StaleBrokerEpoch=77 OffsetNotAvailable=78 MemberIdRequired=79 PreferredLeaderNotAvailable=80
        GroupMaxSizeReached=81 FencedInstanceId=82 EligibleLeadersNotAvailable=83 ElectionNotNeeded=84 NoReassignmentInProgress=85 GroupSubscribedToTopic=86
        InvalidRecord=87 UnstableOffsetCommit=88 ThrottlingQuotaExceeded=89 ProducerFenced=90 ResourceNotFound=91 DuplicateResource=92
        UnacceptableCredential=93 InconsistentVoterSet=94 InvalidUpdateVersion=95 FeatureUpdateFailed=96 PrincipalDeserializationFailure=97
        SnapshotNotFound=98 PositionOutOfRange=99 UnknownTopicId=100 DuplicateBrokerRegistration=101 BrokerIdNotRegistered=102 InconsistentTopicId=103
        InconsistentClusterId=104 TransactionalIdNotFound=105 FetchSessionTopicIdError=106 IneligibleReplica=107 NewLeaderElected=108
        OffsetMovedToTieredStorage=109 FencedMemberEpoch=110 UnreleasedInstanceId=111 UnsupportedAssignor=112 StaleMemberEpoch=113 MismatchedEndpointType=114
        UnsupportedEndpointType=115 UnknownControllerId=116 UnknownSubscriptionId=117 TelemetryTooLarge=118 InvalidRegistration=119 TransactionAbortable=120
        InvalidRecordState=121 ShareSessionNotFound=122 InvalidShareSessionEpoch=123 FencedStateEpoch=124 InvalidVoterKey=125 DuplicateVoter=126
        VoterNotFound=127 InvalidRegularExpression=128 RebootstrapRequired=129 StreamsInvalidTopology=130 StreamsInvalidTopologyEpoch=131
        StreamsTopologyFenced=132 ShareSessionLimitReached=133
        """;

    [Fact]
    public void Error_codes_keep_their_numbers() =>
        Assert.Equal(
            ErrorCodes.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
            Enum.GetValues<ErrorCode>().OrderBy(code => (short)code).Select(code => $"{code}={(short)code}"));

    [Fact]
    public void What_stands_in_a_batch_keeps_its_numbers()
    {
        Assert.Equal("None=0 Gzip=1 Snappy=2 Lz4=3 Zstd=4", Listed<CompressionCodec>());
        Assert.Equal("CreateTime=0 LogAppendTime=1", Listed<TimestampType>());
        Assert.Equal("None=0 CodecMask=7 LogAppendTime=8 Transactional=16 Control=32 DeleteHorizon=64 Known=127", Listed<BatchAttributes>());
        Assert.Equal("Unknown=-1 Abort=0 Commit=1 LeaderChange=2 SnapshotHeader=3 SnapshotFooter=4 KRaftVersion=5 KRaftVoters=6", Listed<ControlRecordType>());
    }

    [Fact]
    public void A_batch_and_a_marker_are_known_bytes()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions { BaseOffset = new Offset(7), LeaderEpoch = new LeaderEpoch(3), ProducerId = new ProducerId(9), ProducerEpoch = 2, BaseSequence = 5 });
        builder.Append(1_767_225_600_000, "k"u8, "v"u8);
        Assert.Equal(
            "00000000000000070000003a0000000302f5cc1e510000000000000000019b76daa8000000019b76daa80000000000000000090002000000050000000110000000026b027600",
            Convert.ToHexStringLower(builder.Build().Span));

        using RecordBatchBuilder marker = new(ControlRecord.MarkerOptions(new ProducerId(9), 2));
        marker.AppendMarker(commit: true, 1_767_225_600_000, coordinatorEpoch: 4);
        Assert.Equal(
            "000000000000000000000042ffffffff0201c64c7d0030000000000000019b76daa8000000019b76daa80000000000000000090002ffffffff000000012000000008000000010c00000000000400",
            Convert.ToHexStringLower(marker.Build().Span));
    }

    private static string Listed<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(value => (Name: $"{value}", Number: Convert.ToInt64(value))).OrderBy(each => each.Number).Select(each => $"{each.Name}={each.Number}"));
}
