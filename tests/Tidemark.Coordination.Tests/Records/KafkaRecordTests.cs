using Tidemark.Coordination.Transactions;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Xunit;

namespace Tidemark.Coordination.Tests.Records;

/// <summary>Keys and values as the coordinators of Apache Kafka 4.3.1 wrote them into <c>__consumer_offsets</c> and <c>__transaction_state</c>.</summary>
public sealed class KafkaRecordTests
{
    [Theory]
    [InlineData(CoordinatorLog.Transactions, "000000027831", "000100000000000000010000000005dc0000000001a2018f67dcffffffffffffffff0100080000000000000001")]
    [InlineData(CoordinatorLog.Transactions, "000000027837", "0001000000000000000700010000ea600103037861020000000000135f5f636f6e73756d65725f6f666673657473020000001800000001a2018f9fca000001a2018f9fbf020008000000000000000702020002")]
    [InlineData(CoordinatorLog.Transactions, "000000027837", "0001000000000000000700020000ea600303037861020000000000135f5f636f6e73756d65725f6f666673657473020000001800000001a201908b98000001a2018f9fbf020008000000000000000702020002")]
    [InlineData(CoordinatorLog.Transactions, "000000027837", "0001000000000000000700020000ea600501000001a201908b9a000001a2018f9fbf020008000000000000000702020002")]
    [InlineData(CoordinatorLog.Transactions, "000000027932", "000100000000000000090000000005dc0102037861020000000000000001a201912f46000001a201912f460100080000000000000009")]
    [InlineData(CoordinatorLog.Transactions, "000000027932", "0001000000000000000900010000ea600000000001a201913816ffffffffffffffff020008000000000000000902020002")]
    [InlineData(CoordinatorLog.Groups, "0001000278670002786100000000", "00040000000000000003000000000668656c6c6f000001a2018fa00e0100103bfc864d0fc8456b95ce7d5988201034")]
    [InlineData(CoordinatorLog.Groups, "0001000278670002786100000001", "00040000000000000004ffffffff01000001a2018fa00e0100103bfc864d0fc8456b95ce7d5988201034")]
    [InlineData(CoordinatorLog.Groups, "0001000278670002786100000001", null)]
    [InlineData(CoordinatorLog.Groups, "0001000278680002786100000000", "00040000000000000009ffffffff026d000001a2018f9c4100")]
    [InlineData(CoordinatorLog.Groups, "0001000278680002786100000000", "0004000000000000000cffffffff026d000001a2018f9fcd00")]
    [InlineData(CoordinatorLog.Groups, "0005000479383438001641414141414141414141414141414141414141414167", "000005696e737402720461736b0b2f3132372e302e302e310203786107785b625d2e2a000493e008756e69666f726d01000100")]
    [InlineData(CoordinatorLog.Groups, "0003000479383438", "000000000002010008e7a71bb9d6584084")]
    [InlineData(CoordinatorLog.Groups, "0007000479383438001641414141414141414141414141414141414141414167", "0000023bfc864d0fc8456b95ce7d59882010340300000000000000010000")]
    [InlineData(CoordinatorLog.Groups, "0006000479383438", "000000000002010008000001a20191392d")]
    [InlineData(CoordinatorLog.Groups, "0008000479383438001641414141414141414141414141414141414141414167", "0000000000020000000000023bfc864d0fc8456b95ce7d59882010340300000000000000010100090300000002000000020100")]
    [InlineData(CoordinatorLog.Groups, "00100004793834380006785b625d2e2a", "0000020378620000000000000176000001a2019138a600")]
    [InlineData(CoordinatorLog.Groups, "0002000379636c", "0003000000000000ffffffff000001a20191411400000000")]
    [InlineData(CoordinatorLog.Groups, "0002000379636c", "00030008636f6e73756d657200000001000572616e6765002773742d63343037333664312d363334612d346162632d623337352d666266366239363738633166000001a20191412d00000001002773742d63343037333664312d363334612d346162632d623337352d66626636623936373863316600027374000361736b000a2f3132372e302e302e31000493e0000493e0000000120001000000010002786100000000000000000000001600010000000100027861000000010000000000000000")]
    [InlineData(CoordinatorLog.Groups, "0001000379636c0002786100000000", "000400000000000000070000000203c3a9000001a2019141d00100103bfc864d0fc8456b95ce7d5988201034")]
    public void What_Kafka_wrote_is_read_and_written_again_with_the_same_bytes(CoordinatorLog log, string keyHex, string? valueHex)
    {
        byte[] keyBytes = Convert.FromHexString(keyHex);
        ICoordinatorKey key = CoordinatorRecordFrame.ReadKey(log, keyBytes);
        using var writer = new WireWriter();
        CoordinatorRecordFrame.WriteKey(writer, key);
        Assert.Equal(keyBytes, writer.WrittenSpan.ToArray());
        if (valueHex is null)
        {
            return;
        }

        byte[] valueBytes = Convert.FromHexString(valueHex);
        ICoordinatorValue value = CoordinatorRecordFrame.ReadValue(log, key.RecordType, valueBytes);
        writer.Reset();
        CoordinatorRecordFrame.WriteValue(writer, value, valueBytes[1]);
        Assert.Equal(valueBytes, writer.WrittenSpan.ToArray());
    }

    [Fact]
    public void An_end_that_Kafka_prepared_is_carried_out()
    {
        (TransactionShard shard, List<ShardEffect> effects) = Loaded(
            "0001000000000000000700020000ea600303037861020000000000135f5f636f6e73756d65725f6f666673657473020000001800000001a201908b98000001a2018f9fbf020008000000000000000702020002");

        SendMarkers markers = Assert.Single(effects.OfType<SendMarkers>());
        Assert.Equal((new TransactionalWriter(new ProducerId(7), 2), false, 2), (markers.Writer, markers.Commit, markers.TransactionVersion));
        Assert.Equal([new("__consumer_offsets", 24), new("xa", 0)], markers.Partitions);
        Assert.Equal(60_000, shard.Find("x7")!.TimeoutMs);
    }

    [Fact]
    public void A_transaction_that_was_begun_at_Kafka_is_written_as_Kafka_wrote_it()
    {
        const string Ongoing = "0001000000000000000700010000ea600103037861020000000000135f5f636f6e73756d65725f6f666673657473020000001800000001a2018f9fca000001a2018f9fbf020008000000000000000702020002";
        (TransactionShard shard, _) = Loaded(Ongoing);

        CoordinatorRecord record = TransactionRecords.Of(shard.Find("x7")!, version: 2);

        using var writer = new WireWriter();
        CoordinatorRecordFrame.WriteValue(writer, record.Value!, record.ValueVersion);
        Assert.Equal(Ongoing.Length / 2, writer.WrittenSpan.Length);
        var read = (TransactionLogValue)CoordinatorRecordFrame.ReadValue(CoordinatorLog.Transactions, 0, Convert.FromHexString(Ongoing));
        var written = (TransactionLogValue)CoordinatorRecordFrame.ReadValue(CoordinatorLog.Transactions, 0, writer.WrittenSpan.ToArray());
        Assert.Equal(
            (read.ProducerId, read.PreviousProducerId, read.NextProducerId, read.ProducerEpoch, read.ClientTransactionVersion, read.TransactionStatus),
            (written.ProducerId, written.PreviousProducerId, written.NextProducerId, written.ProducerEpoch, written.ClientTransactionVersion, written.TransactionStatus));
    }

    private static (TransactionShard Shard, List<ShardEffect> Effects) Loaded(string valueHex)
    {
        var view = new CoordinatorView(null!, new GroupSettings(), new TransactionSettings(), _ => null);
        var shard = new TransactionShard(view);
        ICoordinatorValue value = CoordinatorRecordFrame.ReadValue(CoordinatorLog.Transactions, 0, Convert.FromHexString(valueHex));
        shard.Replay(new CoordinatorRecord(TransactionRecords.KeyOf("x7"), value, 1), null);
        shard.BeginWrite(1);
        shard.OnLoaded(view, new ShardTime(TimeSpan.Zero, 1_795_322_600_000));
        var effects = new List<ShardEffect>();
        while (shard.TryTakeEffect(out ShardEffect? effect))
        {
            effects.Add(effect);
        }

        return (shard, effects);
    }
}
