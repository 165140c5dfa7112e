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
            """{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}""",
            Text(Started(standalone: false), "quorum-state"));
    }

    [Fact]
    public void The_state_of_a_quorum_with_voters_in_its_log_is_version_1()
    {
        Assert.Equal(
            """{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}""",
            Text(Started(standalone: true), "quorum-state"));
    }

    [Theory]
    [InlineData("/data/bootstrap.checkpoint", "")]
    [InlineData(Log + "/00000000000000000000-0000000000.checkpoint", "")]
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
        Assert.Equal("", hex);
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
