using System.Text;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Records;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>A write is acknowledged for its own records only, whatever became of its offsets.</summary>
public sealed class AcknowledgementTests : ICommitListener
{
    private readonly ReplicaSet _set = new(1, 2);
    private readonly List<ErrorCode> _heard = [];

    [Fact]
    public void A_write_whose_offsets_were_taken_by_another_leader_is_not_acknowledged_when_its_broker_leads_again()
    {
        _set.Elect(1, [1, 2]);
        AppendOutcome lost = Append("lost");

        // Between the append and the wait: another leads, cuts the record off and commits its own there, and the first leads once more.
        _set.Elect(2, [1, 2]);
        _set.Write(2, "kept");
        _set.CatchUp(1);
        _set.Elect(1, [1]);

        Assert.Equal("kept@1", _set.Content(1));
        Assert.Equal(_set[1].HighWatermark, lost.End);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _set[1].AwaitCommit(lost.End, lost.Epoch, this, 0));
    }

    [Fact]
    public void A_write_is_acknowledged_once_all_in_sync_replicas_have_it()
    {
        _set.Elect(1, [1, 2]);
        AppendOutcome written = Append("a");

        Assert.Null(_set[1].AwaitCommit(written.End, written.Epoch, this, 0));
        _set.Fetch(2);
        Assert.Empty(_heard);
        _set.Fetch(2);
        Assert.Equal([ErrorCode.None], _heard);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public void What_the_in_sync_set_must_be_comes_into_force_with_the_set_itself(int minInsync, int committed)
    {
        // With the old minimum the leader would commit alone, while the one that left is eligible by the new one and lacks the record.
        _set.Elect(1, [1, 2]);
        AppendOutcome written = Append("a");
        Assert.Null(_set[1].AwaitCommit(written.End, written.Epoch, this, 0));

        _set.MinInsyncReplicas = minInsync;
        _set.Shrink(1);

        Assert.Equal(committed, _set[1].HighWatermark.Value);
        Assert.Equal(Enumerable.Repeat(ErrorCode.None, committed), _heard);
    }

    [Fact]
    public void A_duplicate_waits_until_the_original_is_committed()
    {
        // In another broker a duplicate was answered at once, before its offset was committed, and was lost with the leader.
        _set.Elect(1, [1, 2]);
        AppendOutcome first = Append("a", sequence: 0);
        AppendOutcome again = Append("a", sequence: 0);

        Assert.Equal((first.BaseOffset, first.End), (again.BaseOffset, again.End));
        Assert.Null(_set[1].AwaitCommit(again.End, again.Epoch, this, 0));
        _set.CatchUp(2);
        Assert.Equal([ErrorCode.None], _heard);
        Assert.Equal("a@0", _set.Content(2));
    }

    void ICommitListener.OnCommitted(int slot, ErrorCode error) => _heard.Add(error);

    private AppendOutcome Append(string value, int sequence = -1)
    {
        using var builder = new RecordBatchBuilder(sequence < 0
            ? RecordBatchOptions.Default
            : new RecordBatchOptions { ProducerId = new ProducerId(7), ProducerEpoch = 0, BaseSequence = sequence });
        builder.Append(1_767_225_600_000, default, Encoding.ASCII.GetBytes(value));
        AppendOutcome outcome = _set[1].Append(builder.Build().ToArray(), -1, acksAll: true);
        Assert.Equal(ErrorCode.None, outcome.Error);
        return outcome;
    }
}
