using Tidemark.Primitives;
using Xunit;

namespace Tidemark.Coordination.Tests.Offsets;

public class TransactionalOffsetTests
{
    private const long P = 4;
    private const long Q = 5;

    private readonly OffsetWorld _world = new();

    [Fact]
    public void An_offset_of_a_transaction_counts_from_its_commit_on_and_until_then_whoever_wants_stable_offsets_waits()
    {
        _world.CommitOffset(0, 1);
        Assert.Equal(ErrorCode.None, _world.CommitInTransaction(P, 0, 5));

        Assert.Equal((1, ErrorCode.None), _world.Fetch(0));
        Assert.Equal((-1, ErrorCode.UnstableOffsetCommit), _world.Fetch(0, stable: true));
        _world.End(P, commit: true);
        Assert.Equal((5, ErrorCode.None), _world.Fetch(0, stable: true));
    }

    [Fact]
    public void An_offset_of_an_aborted_transaction_is_forgotten()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.End(P, commit: false);

        Assert.Equal((-1, ErrorCode.None), _world.Fetch(0, stable: true));
        Assert.False(_world.Shard.Offsets.HasAny(OffsetWorld.Group));
    }

    [Fact]
    public void Of_a_plain_commit_and_one_of_a_transaction_the_later_in_the_log_counts()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.CommitOffset(0, 6);
        _world.CommitOffset(1, 6);
        _world.CommitInTransaction(P, 1, 5);
        _world.End(P, commit: true);

        Assert.Equal((6, 5), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));
        _world.Reload();
        Assert.Equal((6, 5), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));
    }

    [Fact]
    public void Within_a_transaction_the_last_offset_counts_however_many_there_are()
    {
        for (int i = 0; i < 3_000; i++)
        {
            _world.CommitInTransaction(P, i % 3, i);
        }

        _world.End(P, commit: true);

        Assert.Equal((2_997, 2_998, 2_999), (_world.Fetch(0).Offset, _world.Fetch(1).Offset, _world.Fetch(2).Offset));
    }

    [Fact]
    public void Two_transactions_on_one_partition_are_each_waited_for()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.CommitInTransaction(Q, 0, 6);
        _world.End(P, commit: true);

        Assert.Equal(ErrorCode.UnstableOffsetCommit, _world.Fetch(0, stable: true).Error);
        _world.End(Q, commit: false);
        Assert.Equal((5, ErrorCode.None), _world.Fetch(0, stable: true));
    }

    [Fact]
    public void An_open_transaction_is_known_after_the_partition_is_read_and_ended_by_its_marker()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.Reload();

        Assert.Equal(ErrorCode.UnstableOffsetCommit, _world.Fetch(0, stable: true).Error);
        _world.End(P, commit: true);
        Assert.Equal((5, ErrorCode.None), _world.Fetch(0, stable: true));
        _world.Reload();
        Assert.Equal((5, ErrorCode.None), _world.Fetch(0, stable: true));
    }

    [Fact]
    public void Deleting_an_offset_forgets_what_a_transaction_brought_before()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.Delete(OffsetWorld.Group, OffsetWorld.Topic, 0);

        Assert.Equal((-1, ErrorCode.None), _world.Fetch(0, stable: true));
        _world.End(P, commit: true);
        Assert.Equal(-1, _world.Fetch(0).Offset);
        _world.Reload();
        Assert.Equal(-1, _world.Fetch(0).Offset);
    }

    [Fact]
    public void What_was_not_appended_of_a_transaction_or_its_end_is_undone()
    {
        _world.CommitInTransaction(P, 0, 5);
        _world.CommitsAtOnce = false;
        _world.CommitInTransaction(P, 1, 6);
        _world.Revert();
        _world.End(P, commit: true);
        _world.Revert();

        Assert.Equal(ErrorCode.UnstableOffsetCommit, Pending(0));
        Assert.Equal(ErrorCode.None, Pending(1));
        _world.CommitsAtOnce = true;
        _world.End(P, commit: true);
        Assert.Equal((5, -1), (_world.Fetch(0).Offset, _world.Fetch(1).Offset));

        ErrorCode Pending(int partition)
        {
            _world.CommitsAtOnce = true;
            ErrorCode error = _world.Fetch(partition, stable: true).Error;
            _world.CommitsAtOnce = false;
            return error;
        }
    }

    [Fact]
    public void A_generation_of_a_group_that_is_not_there_fences_the_producer() =>
        Assert.Equal(ErrorCode.IllegalGeneration, _world.CommitInTransaction(P, 0, 5, generation: 3, member: "m"));

    [Fact]
    public void A_member_that_the_group_does_not_have_fences_the_producer()
    {
        _world.CommitOffset(0, 1);

        Assert.Equal(ErrorCode.UnknownMemberId, _world.CommitInTransaction(P, 0, 5, generation: 3, member: "m"));
        Assert.Equal((1, ErrorCode.None), _world.Fetch(0, stable: true));
    }
}
