using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator.Checking;
using Tidemark.Storage.Logs;
using Tidemark.Storage.Segments;

namespace Tidemark.Simulator.Tests;

/// <summary>Logs as only a leader that checks nothing would write them: whether a marker ends the transaction that was decided about.</summary>
public sealed class MarkerCheckTests
{
    private const long Producer = 7;
    private static readonly PartitionId s_id = new("sink", new Uuid(0, 1), 0);

    private readonly Simulation _world = new(1);
    private readonly MarkerCheck _check = new(() => false);

    [Fact]
    public void A_marker_of_version_two_stands_behind_the_epoch_before_its_own()
    {
        Decided((1, true, 2), (2, false, 2));

        _check.Compare(s_id, Log(Data(0), Data(0), Marker(1, true), Data(1), Marker(2, false), Marker(2, false)));
    }

    [Fact]
    public void A_marker_of_version_two_that_comes_late_ends_the_next_transaction()
    {
        Decided((1, true, 2), (2, true, 2));
        PartitionLog log = Log(Data(0), Marker(1, true), Data(1), Marker(1, true), Marker(2, true));

        Assert.StartsWith("12 a marker ends no transaction but its own", Broken(log), StringComparison.Ordinal);
    }

    [Fact]
    public void Before_version_two_transactions_end_in_their_own_epoch_and_an_abort_that_fences_in_the_next()
    {
        Decided((0, true, 0), (0, false, 0), (1, false, 2));

        _check.Compare(s_id, Log(Data(0), Marker(0, true), Data(0), Marker(0, false), Data(0), Marker(1, false)));
    }

    [Fact]
    public void Records_that_came_behind_their_marker_are_taken_along_by_the_next_transaction()
    {
        Decided((0, false, 0), (1, true, 0));
        PartitionLog log = Log(Marker(0, false), Data(0), Data(1), Marker(1, true));

        Assert.StartsWith("12 a transaction ends before the next one begins", Broken(log), StringComparison.Ordinal);
    }

    [Fact]
    public void An_end_that_was_prepared_with_the_other_outcome_was_not_decided()
    {
        Decided((1, true, 2));

        Assert.StartsWith("12 nobody is told of an end before it is decided", Broken(Log(Data(0), Marker(1, false))), StringComparison.Ordinal);
    }

    private string Broken(PartitionLog log) => Assert.Throws<BrokenRuleException>(() => _check.Compare(s_id, log)).Message;

    private void Decided(params (short Epoch, bool Commit, short ClientVersion)[] ends)
    {
        using var builder = new RecordBatchBuilder(RecordBatchOptions.Default);
        foreach ((short epoch, bool commit, short clientVersion) in ends)
        {
            using var key = new WireWriter();
            using var value = new WireWriter();
            CoordinatorRecordFrame.WriteKey(key, new TransactionLogKey { TransactionalId = "copier" });
            TransactionState state = commit ? TransactionState.PrepareCommit : TransactionState.PrepareAbort;
            CoordinatorRecordFrame.WriteValue(
                value, new TransactionLogValue { ProducerId = Producer, ProducerEpoch = epoch, TransactionStatus = (sbyte)state, TransactionPartitions = [], ClientTransactionVersion = clientVersion }, 1);
            builder.Append(0, key.WrittenSpan, value.WrittenSpan);
        }

        _check.Learn(Log(builder.Build().ToArray()));
    }

    private static byte[] Data(short epoch)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions { ProducerId = new ProducerId(Producer), ProducerEpoch = epoch, IsTransactional = true });
        builder.Append(0, default, "value"u8);
        return builder.Build().ToArray();
    }

    private static byte[] Marker(short epoch, bool commit)
    {
        using var builder = new RecordBatchBuilder(ControlRecord.MarkerOptions(new ProducerId(Producer), epoch));
        builder.AppendMarker(commit, 0, 0);
        return builder.Build().ToArray();
    }

    private PartitionLog Log(params byte[][] batches)
    {
        string directory = $"/log-{_world.Random.Next(1_000_000)}";
        _world.Disk.CreateDirectory(directory);
        var surroundings = new LogSurroundings(_world.Disk, _world.Time, new SilentStorageEvents(), new OpenFileBudget());
        PartitionLog log = PartitionLog.Open(surroundings, directory, new TopicPartition("sink", 0), LogOptions.Default, Offset.Zero, Offset.Zero, cleanShutdown: false);
        foreach (byte[] batch in batches)
        {
            Assert.Equal(ErrorCode.None, log.AppendAsLeader(batch, new LeaderEpoch(0), new AppendTerms(AppendOrigin.Quorum)).Error);
        }

        return log;
    }
}
