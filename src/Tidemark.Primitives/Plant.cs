namespace Tidemark.Primitives;

/// <summary>
/// A fault planted on purpose: one rule switched off. The simulator is trusted only because it finds each of them; see <see cref="Plants"/>.
/// </summary>
public enum Plant
{
    /// <summary>Every rule holds.</summary>
    None,

    /// <summary>A follower never compares epochs with its leader, and so never cuts off what only it has.</summary>
    SkipEpochTruncation,

    /// <summary>A follower of a new leader cuts its log at its high watermark, which may be older than what was acknowledged (before KIP-101).</summary>
    TruncateToHighWatermark,

    /// <summary>A write with acks=all is answered when the leader alone has it.</summary>
    AcknowledgeBeforeHighWatermark,

    /// <summary>The high watermark moves while fewer than min.insync.replicas are in sync.</summary>
    HighWatermarkBelowMinInsync,

    /// <summary>A follower may join below the place at which the leader's epoch began (KAFKA-7128).</summary>
    ExpandWithoutEpochStart,

    /// <summary>A follower may join below the high watermark.</summary>
    ExpandWithoutHighWatermark,

    /// <summary>A fetch whose log has parted from the leader's moves what the leader knows of the follower (KAFKA-13141).</summary>
    UpdateFollowerOnDivergence,

    /// <summary>Metadata of the same leader epoch makes the leader forget its followers (KAFKA-13790).</summary>
    ResetOnSameEpochMetadata,

    /// <summary>The leader counts without the members that it asked to drop, before the controller agreed.</summary>
    ShrinkBeforeAnswer,

    /// <summary>The leader does not wait for the member that it asked to add, although the controller may have agreed already.</summary>
    ExpansionNotAwaited,

    /// <summary>The leader takes any error for a refusal and forgets that its change may have happened.</summary>
    RollBackOnAnyError,

    /// <summary>Consumers are given what is not committed.</summary>
    ServePastHighWatermark,

    /// <summary>A leader serves although its lease is over.</summary>
    LeaseNotHonoured,

    /// <summary>The end of a partition is told before all of the earlier epochs is known to be committed (KIP-207).</summary>
    LatestOffsetTooEarly,

    /// <summary>An answer to what an earlier role asked is taken, whatever the replica is by now.</summary>
    LateAnswerTaken,

    /// <summary>A cut that removes no record leaves the epochs behind it (KAFKA-10706).</summary>
    EpochsNotTrimmed,

    /// <summary>A new leader does not note where its epoch begins until it writes (KAFKA-7415).</summary>
    EpochNotCachedOnElection,

    /// <summary>Fenced brokers and those that shut down may be in sync (KIP-841).</summary>
    CountFencedMember,

    /// <summary>The earlier life of a broker is taken for the present one (KIP-903).</summary>
    CountStaleBrokerEpoch,

    /// <summary>A change of the ISR that was thought up before another change is accepted.</summary>
    StalePartitionEpochAccepted,

    /// <summary>A reassignment ends when one of its targets is in sync (KAFKA-15665).</summary>
    FinishReassignmentEarly,

    /// <summary>Any live replica may lead, although unclean election is off.</summary>
    UncleanElectionAlthoughOff,

    /// <summary>Another leader leads in the same leader epoch.</summary>
    LeaderEpochNotRaised,

    /// <summary>A broker that comes back without its clean-shutdown mark keeps its places in ISR and ELR (KIP-966).</summary>
    SkipCleanShutdownMarker,

    /// <summary>Eligible replicas stay eligible when enough others are in sync, who then commit without them.</summary>
    EligibleReplicasNotCleared,

    /// <summary>Replicas that leave while too few are left are not remembered as eligible.</summary>
    EligibleReplicasForgotten,

    /// <summary>The controller fences after half the session, on which the lease of the broker relies.</summary>
    FenceAtHalfSession,

    /// <summary>A fenced broker stays in sync.</summary>
    FencedStaysInSync,

    /// <summary>Epoch and vote are not on the disk when the answer leaves.</summary>
    VoteNotFlushed,

    /// <summary>A member votes again in an epoch in which it voted.</summary>
    TwoVotesAnEpoch,

    /// <summary>A member votes for a candidate whose log lacks something of its own.</summary>
    VoteForShorterLog,

    /// <summary>Records of an earlier epoch count as committed as soon as a majority has them.</summary>
    CommitOlderEpochByCount,

    /// <summary>The metadata log is not flushed before it counts.</summary>
    MetadataNotFlushed,

    /// <summary>The controller publishes what is not committed.</summary>
    UncommittedMetadataPublished,

    /// <summary>The quorum's leader counts one voter less than a majority.</summary>
    CommitByMinority,

    /// <summary>A change of voters is committed by the voters of before it (KIP-853).</summary>
    VoterChangeByOldSet,

    /// <summary>What a producer sends again is written again.</summary>
    DuplicateAccepted,

    /// <summary>Opening a log does not rebuild what it knows of producers.</summary>
    ProducerStateNotRebuilt,

    /// <summary>A follower does not note the producers of what it copies.</summary>
    ProducerStateNotReplicated,

    /// <summary>The answer to a duplicate does not wait until the original is committed.</summary>
    DuplicateNotAwaited,

    /// <summary>Cutting a log leaves what it knows of producers as it was.</summary>
    ProducerStateNotCut,

    /// <summary>Partitions are told how a transaction ends before that is committed.</summary>
    MarkersBeforePrepareCommitted,

    /// <summary>One of several partitions of a transaction is never told how it ended.</summary>
    MarkerOfOnePartitionForgotten,

    /// <summary>The group's coordinator answers that it has written a transaction's marker, and has not.</summary>
    OffsetsMarkerNotWritten,

    /// <summary>A new coordinator does not go on with the ends that the one before had prepared.</summary>
    PreparedNotResumed,

    /// <summary>No transaction is ever aborted for its age.</summary>
    LateTransactionsNotAborted,

    /// <summary>A producer that begins anew, and the abort that fences the one before, keep its epoch.</summary>
    ProducerEpochNotRaised,

    /// <summary>Nobody asks a transaction's coordinator before the first write to a partition (KIP-890).</summary>
    VerificationSkipped,

    /// <summary>What a coordinator agreed to before a marker counts behind it (KIP-890).</summary>
    LateVerificationTaken,

    /// <summary>A marker of an epoch of which later ones are known, or that came late into the next transaction, is written (KIP-1228).</summary>
    LateMarkerAccepted,

    /// <summary>A marker of a transaction coordinator that has been replaced is written.</summary>
    ReplacedCoordinatorHeard,

    /// <summary>Readers with read_committed are given what open transactions wrote.</summary>
    StableOffsetPastOpen,

    /// <summary>Readers with read_committed are not told which transactions were aborted.</summary>
    AbortedNotTold,

    /// <summary>An offset in a transaction is taken from whoever was a member once (KIP-447).</summary>
    ZombieCommitAccepted,

    /// <summary>Offsets in a transaction count before it is committed.</summary>
    PendingOffsetsVisible,

    /// <summary>Offsets of an aborted transaction count.</summary>
    AbortedOffsetsCounted,

    /// <summary>Who asks for stable offsets is told of the ones before those that are pending.</summary>
    PendingOffsetsNotAwaited,

    /// <summary>A member is given a partition before its owner has given it up (KIP-848).</summary>
    AssignedBeforeReleased,

    /// <summary>The next generation of a classic group has the number of the one before.</summary>
    GenerationNotRaised,

    /// <summary>A coordinator keeps in its state what could not be appended.</summary>
    FailedAppendKept,

    /// <summary>A coordinator begins to work with what it read before that is committed.</summary>
    LoadedBeforeCommitted,

    /// <summary>A coordinator answers before what it wrote is committed.</summary>
    AnsweredBeforeCommitted,

    /// <summary>What a producer had in flight behind a refused batch is judged by itself.</summary>
    FlightTakenApart,
}
