using System.Text;
using Tidemark.Primitives;
using Tidemark.Records;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Storage.Tests.Directories;

/// <summary>
/// Every kind of file that a log directory holds, byte for byte. Other versions of Tidemark, and Apache Kafka, read them: what stands here
/// never changes; a new version of a format is a new line beside the old one.
/// </summary>
public sealed class GoldenFilesTests
{
    private const string Root = "/golden";
    private static readonly TopicPartition Partition = new("t", 0);
    private static readonly Uuid TopicId = new(0x1234, 0x5678);
    private readonly StorageFixture _fixture = new();

    [Fact]
    public void Texts_are_known_lines()
    {
        Fill();
        Assert.Equal("#\ncluster.id=6CaF9lvtQnWz-dQusLtZGw\ndirectory.id=AAAAAAAAAAUAAAAAAAAABg\nnode.id=3\nversion=1\n", Text("meta.properties"));
        Assert.Equal("""{"version":0,"brokerEpoch":77}""", Text(".kafka_cleanshutdown"));
        Assert.Equal("0\n1\nt 0 8\n", Text("recovery-point-offset-checkpoint"));
        Assert.Equal("0\n1\nt 0 6\n", Text("replication-offset-checkpoint"));
        Assert.Equal("0\n1\nt 0 1\n", Text("log-start-offset-checkpoint"));
        Assert.Equal("0\n1\nt 0 4\n", Text("cleaner-offset-checkpoint"));
        Assert.Equal("version: 0\ntopic_id: AAAAAAAAEjQAAAAAAABWeA", Text("t-0/partition.metadata"));
        Assert.Equal("0\n2\n1 1\n4 5\n", Text("t-0/leader-epoch-checkpoint"));
    }

    [Theory]
    [InlineData("00000000000000000000.index", "000000030000004e000000040000009f00000005000000e60000000600000134000000070000017b")]
    [InlineData("00000000000000000000.timeindex", "0000019b76daa800000000010000019b76daabe800000005")]
    [InlineData("00000000000000000000.txnindex", "00000000000000000008000000000000000400000000000000050000000000000006")]
    [InlineData(
        "00000000000000000008.snapshot",
        "000121c7db420000000300000000000000070002000000010000000000000003000000010000019b76daa800ffffffffffffffffffffff" +
        "ff00000000000000080000000000000000000000000004000000000000019b76daa8000000000300000000000000060000000000000008" +
        "0000000000010000000000000006000000000000019b76daabe8000000030000000000000006")]
    [InlineData(
        "00000000000000000000.log",
        "000000000000000000000042000000010247ffb7c50000000000010000019b76daa8000000019b76daa800ffffffffffffffffffffffff" +
        "ffff000000021000000002610231000e00000202620100000000000000000200000045000000010218fda84a0000000000010000019b76" +
        "daa8000000019b76daa8000000000000000007000200000000000000021200000004703002300012000002047031023100000000000000" +
        "00040000003b0000000102c6cc5d850010000000000000019b76daa8000000019b76daa800000000000000000800000000000000000001" +
        "120000000470300230000000000000000005000000420000000402f6cd68a30030000000000000019b76daabe80000019b76daabe80000" +
        "0000000000080000ffffffff000000012000000008000000000c0000000000030000000000000000060000003b0000000402bd0e0f0800" +
        "10000000000000019b76daabe80000019b76daabe800000000000000080000000000010000000112000000047031023000000000000000" +
        "00070000003a000000040260d85a8b0000000000000000019b76daabe80000019b76daabe8ffffffffffffffffffffffffffff00000001" +
        "100000000263023300")]
    public void Files_of_a_partition_are_known_bytes(string name, string bytes)
    {
        Fill();
        Assert.Equal(bytes, Convert.ToHexStringLower(AtomicFile.Read(_fixture.Disk, $"{Root}/t-0/{name}")!));
    }

    [Fact]
    public void Directories_of_partitions_have_known_names()
    {
        Assert.Equal("t-0", PartitionDirectoryName.Of(Partition));
        Assert.Equal(
            "t-0.00000000000000010000000000000002-delete t-0.00000000000000010000000000000002-future t-0.00000000000000010000000000000002-stray",
            string.Join(' ', new[] { PartitionDirectoryKind.Deleted, PartitionDirectoryKind.Future, PartitionDirectoryKind.Stray }.Select(kind => PartitionDirectoryName.Of(Partition, kind, new Uuid(1, 2)))));
    }

    /// <summary>Two leaderships; records without a producer, of an idempotent one, and of a transaction that was aborted; a clean stop.</summary>
    private void Fill()
    {
        LogDirectory directory = LogDirectory.Open(_fixture.Disk, Root);
        directory.Format(new MetaProperties("6CaF9lvtQnWz-dQusLtZGw", 3, new Uuid(5, 6)));
        LogDirectories logs = new(_fixture.Surroundings, [directory], () => new Uuid(8, 9));
        foreach (Action load in logs.BeginLoading((_, _) => LogOptions.Default))
        {
            load();
        }

        StoredPartition stored = logs.GetOrCreate(Partition, TopicId, LogOptions.Default with { IndexIntervalBytes = 1 });
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.Batch("a=1", "b="), new LeaderEpoch(1)).Error);
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.ProducerBatch(7, 2, 0, count: 2), new LeaderEpoch(1)).Error);
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 0, transactional: true), new LeaderEpoch(1), StorageFixture.Verified).Error);
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.Marker(8, 0, commit: false, coordinatorEpoch: 3), new LeaderEpoch(4), AppendTerms.Coordinator).Error);
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.ProducerBatch(8, 0, 1, transactional: true), new LeaderEpoch(4), StorageFixture.Verified).Error);
        Assert.Equal(ErrorCode.None, stored.Log.AppendAsLeader(_fixture.Batch("c=3"), new LeaderEpoch(4)).Error);
        stored.Log.AdvanceHighWatermark(new Offset(6));
        stored.Log.AdvanceLogStart(new Offset(1));
        logs.SetCleanerOffset(stored, new Offset(4));
        logs.WriteHighWatermarks(_ => new Offset(6));
        foreach (Action close in logs.BeginClosing())
        {
            close();
        }

        logs.FinishClosing(77);
        directory.Dispose();
    }

    private string Text(string name) => Encoding.UTF8.GetString(AtomicFile.Read(_fixture.Disk, $"{Root}/{name}")!);
}
