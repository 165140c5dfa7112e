using System.Text;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Tests.Quorum;

/// <summary>The files of the metadata quorum, byte for byte: other versions of Tidemark, and Apache Kafka, read them.</summary>
public sealed class GoldenQuorumFilesTests
{
    private const string Log = "/data/__cluster_metadata-0";

    [Fact]
    public void The_state_of_a_quorum_with_fixed_voters_is_version_0()
    {
        Assert.Equal(
            """{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}""",
            Text(Started(standalone: false), "quorum-state"));
    }

    [Fact]
    public void The_state_of_a_quorum_with_voters_in_its_log_is_version_1()
    {
        Assert.Equal(
            """{"leaderId":1,"leaderEpoch":1,"votedId":1,"votedDirectoryId":"P2-nFfsbSTOQKXvLWHEcEg","data_version":1}""",
            Text(Started(standalone: true), "quorum-state"));
    }

    [Theory]
    [InlineData(
        "/data/bootstrap.checkpoint",
        "0000000000000000000000470000000002932d032f0020000000000000019b76daa8000000019b76daa800ffffffffffffffffffffffff" +
        "ffff000000012a0000000800000003160000000000000000000000000000000000000001000000f1000000000289be4ce4000000000005" +
        "0000019b76daa8000000019b76daa800ffffffffffffffffffffffffffff000000063a000000012e010c00116d657461646174612e7665" +
        "7273696f6e001e00005a000002014e010c0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e00010000" +
        "340000040128010c000e67726f75702e76657273696f6e00010000340000060128010c000e73686172652e76657273696f6e0001000038" +
        "000008012c010c001073747265616d732e76657273696f6e000100004000000a0134010c00147472616e73616374696f6e2e7665727369" +
        "6f6e0002000000000000000000070000003f0000000002e0f18d010020000000000000019b76daa8000000019b76daa800ffffffffffff" +
        "ffffffffffffffff000000011a00000008000000040600000000")]
    [InlineData(
        Log + "/00000000000000000000-0000000000.checkpoint",
        "00000000000000000000009a00000000029af80d850020000000020000019b76daa8000000019b76daa800ffffffffffffffffffffffff" +
        "ffff000000032a00000008000000031600000000019b76daa80000001e00000208000000050a000000010000820100000408000000066e" +
        "000002000000013f6fa715fb1b493390297bcb58711c12020b434f4e54524f4c4c45520a3132372e302e302e3123850000000001000000" +
        "0000000000000000030000003f0000000002e0f18d010020000000000000019b76daa8000000019b76daa800ffffffffffffffffffffff" +
        "ffffff000000011a00000008000000040600000000")]
    public void Snapshots_that_format_writes_are_known_bytes(string path, string bytes)
    {
        QuorumWorld world = new(21);
        world.Format(standalone: true);
        Assert.Equal(bytes, Convert.ToHexStringLower(AtomicFile.Read(world.Simulation.Disk, path)!));
    }

    [Fact]
    public void The_metadata_log_begins_with_known_bytes()
    {
        string hex = Convert.ToHexStringLower(AtomicFile.Read(Started(standalone: false).Simulation.Disk, Log + "/00000000000000000000.log")!);
        // The leader's control record and the bootstrap records; what follows names what is drawn anew in every life.
        Assert.StartsWith(
            "00000000000000000000004f0000000102ad6914980020000000000000019b76daa8000000019b76daa800ffffffffffffffffffffffff" +
            "ffff000000013a000000080000000226000000000001020000000100020000000100000000000000000000010000013e0000000102c9a7" +
            "100a0000000000080000019b76daa8000000019b76daa800ffffffffffffffffffffffffffff000000093c000000013001170001001212" +
            "426f6f747374726170207265636f726473003a000002012e010c00116d657461646174612e76657273696f6e001e00005a000004014e01" +
            "0c0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e00010000340000060128010c000e67726f75702e" +
            "76657273696f6e00010000340000080128010c000e73686172652e76657273696f6e000100003800000a012c010c001073747265616d73" +
            "2e76657273696f6e000100004000000c0134010c00147472616e73616374696f6e2e76657273696f6e000200004400000e013801040004" +
            "01146d696e2e696e73796e632e7265706c69636173023100001400001001080118000000",
            hex);
    }

    private static QuorumWorld Started(bool standalone)
    {
        QuorumWorld world = new(21);
        world.Format(standalone);
        world.Start();
        world.Driver.Close();
        return world;
    }

    private static string Text(QuorumWorld world, string name) => Encoding.UTF8.GetString(AtomicFile.Read(world.Simulation.Disk, $"{Log}/{name}")!);
}
