using System.Text;
using Tidemark.Broker.Partitions;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Producers;

namespace Tidemark.Broker.Tests.Replication;

/// <summary>A consumer's read is bounded by what it saw when it began, whatever others do meanwhile.</summary>
public sealed class ReadBoundTests
{
    private const long Now = 1_767_225_600_000;
    private readonly InterruptedReads _disk;
    private readonly ReplicaSet _set;

    public ReadBoundTests()
    {
        InterruptedReads? around = null;
        _set = new ReplicaSet(disk => around = new InterruptedReads(disk), 1, 2);
        _disk = around!;
        _set.Elect(1, [1, 2]);
        _set.Write(1, "a");
    }

    [Fact]
    public void A_read_gives_nothing_that_was_committed_after_it_began()
    {
        // KAFKA-9835: a fetch that raced an append gave records above the high watermark that it told.
        _set.CatchUp(2);
        _set.Write(1, "b");
        _disk.Meanwhile = () => _set.CatchUp(2);

        (PartitionReadResult read, string values) = Read(readCommitted: false);

        Assert.Null(_disk.Meanwhile);
        Assert.Equal(new Offset(2), _set[1].HighWatermark);
        Assert.Equal((new Offset(1), "a"), (read.HighWatermark, values));
    }

    [Fact]
    public void A_read_of_what_is_settled_is_bounded_by_one_high_watermark()
    {
        // KAFKA-9807: the bound and the list of what was aborted came from two high watermarks, and aborted records were read.
        Append(new RecordBatchOptions { ProducerId = new ProducerId(8), ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true }, "to be aborted");
        _set.CatchUp(2);
        _disk.Meanwhile = () =>
        {
            using var marker = new RecordBatchBuilder(ControlRecord.MarkerOptions(new ProducerId(8), 0));
            marker.AppendMarker(commit: false, Now, coordinatorEpoch: 0);
            _set[1].Log!.AppendAsLeader(marker.Build().Span, _set.Epoch, AppendTerms.Coordinator);
            _set.Write(1, "c");
            _set.CatchUp(2);
        };

        (PartitionReadResult read, string values) = Read(readCommitted: true);

        Assert.Null(_disk.Meanwhile);
        Assert.Equal(new Offset(4), _set[1].HighWatermark);
        Assert.Equal((new Offset(2), new Offset(1), "a"), (read.HighWatermark, read.LastStableOffset, values));
        Assert.Empty(read.Aborted!);
    }

    private (PartitionReadResult Result, string Values) Read(bool readCommitted)
    {
        PartitionReadResult read = _set[1].Read(new PartitionRead(Offset.Zero, 1 << 20, true, readCommitted, LeaderEpoch.Unknown, LeaderEpoch.Unknown));
        Assert.Equal(ErrorCode.None, read.Error);
        byte[] bytes = new byte[read.Bytes];
        read.Slice!.CopyTo(bytes);
        read.Slice.Dispose();
        var values = new List<string>();
        var walk = new BatchWalk(bytes);
        while (walk.MoveNext())
        {
            var reader = new RecordReader(walk.Current, walk.Current.Payload);
            while (reader.MoveNext(out RecordView record))
            {
                values.Add(Encoding.ASCII.GetString(record.Value.Span));
            }
        }

        return (read, string.Join(' ', values));
    }

    private void Append(RecordBatchOptions options, string value)
    {
        using var builder = new RecordBatchBuilder(options);
        builder.Append(Now, default, Encoding.ASCII.GetBytes(value));
        Assert.Equal(ErrorCode.None, _set[1].Append(builder.Build().ToArray(), -1, acksAll: false, new AppendTerms(AppendOrigin.Client, VerificationGuard.NotNeeded)).Error);
    }
}
