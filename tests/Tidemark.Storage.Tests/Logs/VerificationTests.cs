using Tidemark.Primitives;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Storage.Tests.Logs;

/// <summary>KIP-890 at the partition: no transaction begins without its coordinator's knowledge.</summary>
public class VerificationTests
{
    private readonly StorageFixture _fixture = new();
    private readonly PartitionLog _log;

    public VerificationTests() => _log = _fixture.Open(LogOptions.Default with { ProducerIdExpirationMs = 1000 });

    [Fact]
    public void The_first_batch_of_a_transaction_needs_the_guard_and_later_ones_do_not()
    {
        Assert.Equal(ErrorCode.InvalidTxnState, Append(0, 0, null));
        VerificationGuard guard = Begin(0, 0)!;
        Assert.Equal(ErrorCode.None, Append(0, 0, guard));
        Assert.Null(Begin(0, 1));
        Assert.Equal(ErrorCode.None, Append(0, 1, null));
    }

    [Fact]
    public void A_marker_in_between_makes_the_guard_worthless()
    {
        VerificationGuard guard = Begin(0, 0)!;
        Marker(0, commit: false);
        Assert.Equal(ErrorCode.InvalidTxnState, Append(0, 0, guard));
    }

    [Fact]
    public void A_guard_of_an_earlier_verification_does_not_open_a_later_transaction()
    {
        VerificationGuard late = Begin(0, 0)!;
        Marker(0, commit: false);
        Assert.NotSame(late, Begin(0, 0));
        Assert.Equal(ErrorCode.InvalidTxnState, Append(0, 0, late));
    }

    [Fact]
    public void A_replicated_marker_ends_a_verification_too()
    {
        VerificationGuard guard = Begin(0, 0)!;
        byte[] marker = _fixture.Marker(7, 0, commit: true);
        Assert.Equal(ErrorCode.None, _log.AppendAsFollower(marker).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, Append(0, 0, guard));
    }

    [Fact]
    public void A_transaction_of_an_older_epoch_that_is_still_open_does_not_let_the_next_epoch_in()
    {
        Append(0, 0, Begin(0, 0));
        Assert.NotNull(Begin(1, 0));
        Assert.Equal(ErrorCode.InvalidTxnState, Append(1, 0, null));
    }

    [Fact]
    public void An_epoch_that_is_over_is_refused_before_anybody_is_asked()
    {
        Marker(3, commit: true);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _log.BeginVerification(new ProducerId(7), 2, 0, false, out _));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Append(2, 0, null));
    }

    [Fact]
    public void The_lowest_sequence_that_waited_for_the_verification_goes_first()
    {
        VerificationGuard guard = Begin(0, 5)!;
        Assert.Same(guard, Begin(0, 3));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(0, 5, guard));
        Assert.Equal(ErrorCode.None, Append(0, 3, guard));
    }

    [Fact]
    public void What_waits_for_a_verification_goes_before_all_else_of_its_producer()
    {
        Append(0, 0, Begin(0, 0));
        Begin(1, 0);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 1), default).Error);
    }

    [Fact]
    public void A_client_of_version_two_begins_at_zero_where_nothing_is_known_of_it()
    {
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(0, 4, Begin(0, 4, addsPartition: true)));
        Assert.Equal(ErrorCode.None, Append(0, 0, Begin(0, 0, addsPartition: true)));
    }

    [Fact]
    public void Without_verification_no_guard_is_needed() => Assert.Equal(ErrorCode.None, Append(0, 0, VerificationGuard.NotNeeded));

    [Fact]
    public void A_duplicate_is_answered_without_a_verification()
    {
        Append(0, 0, Begin(0, 0));
        Marker(0, commit: true);
        AppendResult again = _log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 0, transactional: true), default);
        Assert.True(again.Duplicate);
    }

    [Fact]
    public void A_plain_batch_does_not_go_into_an_open_transaction()
    {
        Append(0, 0, Begin(0, 0));
        Assert.Equal(ErrorCode.InvalidTxnState, _log.AppendAsLeader(_fixture.ProducerBatch(7, 0, 1), default).Error);
    }

    [Fact]
    public void A_coordinator_writes_without_sequences_but_not_in_an_old_epoch_nor_without_a_transaction()
    {
        VerificationGuard guard = Begin(1, -1)!;
        Assert.Equal(ErrorCode.InvalidTxnState, Offsets(1, null));
        Assert.Equal(ErrorCode.None, Offsets(1, guard));
        Assert.Equal(ErrorCode.None, Offsets(1, null));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Offsets(0, null));
    }

    [Theory]
    [InlineData(0, 0, ErrorCode.None)]
    [InlineData(1, 0, ErrorCode.None)]
    [InlineData(2, 0, ErrorCode.InvalidProducerEpoch)]
    [InlineData(2, 1, ErrorCode.None)]
    [InlineData(0, -1, ErrorCode.InvalidProducerEpoch)]
    public void A_marker_of_version_two_raises_the_epoch(short version, int above, ErrorCode expected)
    {
        Append(5, 0, Begin(5, 0));
        Assert.Equal(expected, _log.AppendAsLeader(_fixture.Marker(7, (short)(5 + above), commit: true), default, new AppendTerms(AppendOrigin.Coordinator, null, version)).Error);
    }

    [Fact]
    public void A_marker_of_version_two_that_comes_twice_is_written_twice()
    {
        AppendTerms second = new(AppendOrigin.Coordinator, null, 2);
        Append(5, 0, Begin(5, 0));
        Assert.Equal(ErrorCode.None, _log.AppendAsLeader(_fixture.Marker(7, 6, commit: true), default, second).Error);
        Assert.Equal(ErrorCode.None, _log.AppendAsLeader(_fixture.Marker(7, 6, commit: true), default, second).Error);
        Append(6, 0, Begin(6, 0));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, _log.AppendAsLeader(_fixture.Marker(7, 6, commit: true), default, second).Error);
    }

    [Fact]
    public void A_marker_of_version_two_leaves_alone_what_the_next_epoch_has_verified()
    {
        AppendTerms second = new(AppendOrigin.Coordinator, null, 2);
        Append(5, 0, Begin(5, 0));
        VerificationGuard guard = Begin(6, 0, addsPartition: true)!;
        Assert.Equal(ErrorCode.None, _log.AppendAsLeader(_fixture.Marker(7, 6, commit: false), default, second).Error);
        Assert.Same(guard, Begin(6, 0, addsPartition: true));
        Assert.Equal(ErrorCode.None, Append(6, 0, guard));
    }

    [Theory]
    [InlineData(2, 7)]
    [InlineData(1, 6)]
    public void A_marker_that_may_end_the_epoch_that_is_verified_makes_its_guard_worthless(short version, short markerEpoch)
    {
        Append(5, 0, Begin(5, 0));
        VerificationGuard guard = Begin(6, 0, addsPartition: true)!;
        AppendTerms terms = new(AppendOrigin.Coordinator, null, version);
        Assert.Equal(ErrorCode.None, _log.AppendAsLeader(_fixture.Marker(7, markerEpoch, commit: false), default, terms).Error);
        Assert.NotEqual(ErrorCode.None, Append(6, 0, guard));
    }

    [Fact]
    public void A_verification_that_never_ends_expires_like_a_producer()
    {
        VerificationGuard guard = Begin(0, 0)!;
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _log.ExpireProducers());
        Assert.NotSame(guard, Begin(0, 0));
    }

    [Fact]
    public void A_truncation_forgets_verifications()
    {
        Append(0, 0, Begin(0, 0));
        Marker(0, commit: true);
        VerificationGuard guard = Begin(0, 1)!;
        _log.TruncateTo(new Offset(1));
        Assert.Equal(ErrorCode.None, Append(0, 1, null));
        Marker(0, commit: true);
        Assert.Equal(ErrorCode.InvalidTxnState, Append(0, 2, guard));
    }

    private VerificationGuard? Begin(short epoch, int sequence, bool addsPartition = false)
    {
        Assert.Equal(ErrorCode.None, _log.BeginVerification(new ProducerId(7), epoch, sequence, addsPartition, out VerificationGuard? guard));
        return guard;
    }

    private ErrorCode Append(short epoch, int sequence, VerificationGuard? guard) =>
        _log.AppendAsLeader(_fixture.ProducerBatch(7, epoch, sequence, transactional: true), default, new AppendTerms(AppendOrigin.Client, guard)).Error;

    private ErrorCode Offsets(short epoch, VerificationGuard? guard) =>
        _log.AppendAsLeader(_fixture.ProducerBatch(7, epoch, -1, transactional: true), default, new AppendTerms(AppendOrigin.Coordinator, guard)).Error;

    private void Marker(short epoch, bool commit) =>
        Assert.Equal(ErrorCode.None, _log.AppendAsLeader(_fixture.Marker(7, epoch, commit), default, AppendTerms.Coordinator).Error);
}
