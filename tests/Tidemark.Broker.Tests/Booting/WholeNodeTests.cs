using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Disks;

namespace Tidemark.Broker.Tests.Booting;

/// <summary>Broker and controller in one process on virtual time: formatted, started, crashed and started again.</summary>
public sealed class WholeNodeTests
{
    [Fact]
    public void A_topic_and_its_records_survive_a_crash()
    {
        var world = new NodeWorld(11);
        Assert.True(world.Boot());
        Assert.True(world.Create("t"));
        Assert.Equal(ErrorCode.None, world.Connect().Produce("t", TestClient.Batch(3)).ErrorCode);

        world.World.Disk.CrashNow(CrashKind.Process);
        world.Reboot();
        FetchResponse.PartitionData fetched = world.Connect().Fetch("t", 0);

        Assert.Equal(ErrorCode.None, fetched.ErrorCode);
        Assert.Equal(3, fetched.HighWatermark);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bytes_on_the_disk()
    {
        Assert.Equal(Digest(), Digest());

        static string Digest()
        {
            var world = new NodeWorld(5);
            Assert.True(world.Boot());
            Assert.True(world.Create("t"));
            TestClient client = world.Connect();
            for (int i = 0; i < 10; i++)
            {
                client.Produce("t", TestClient.Batch(2));
            }

            world.Stop();
            return world.World.Disk.Digest();
        }
    }
}
