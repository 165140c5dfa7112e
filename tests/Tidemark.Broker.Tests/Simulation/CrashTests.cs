using System.Text;
using Tidemark.Broker.Tests.Booting;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Records;
using Tidemark.Simulator;
using Tidemark.Simulator.Disks;

namespace Tidemark.Broker.Tests.Simulation;

/// <summary>
/// The real broker with the real driver of its metadata log, on virtual time, frames in and out, a disk in memory: it dies in the midst of
/// a change to the disk that the seed chooses, from its first start on, and starts again on what is left.
/// </summary>
public sealed class CrashTests
{
    private const int BatchCount = 60;
    private const string Topic = "t";

    [Theory]
    [InlineData(CrashKind.Process)]
    [InlineData(CrashKind.Power)]
    public void What_was_acknowledged_survives_a_crash_in_any_write(CrashKind kind)
    {
        for (ulong seed = 1; seed <= 25; seed++)
        {
            Story story = Tell(seed, kind);
            Assert.True(story.Acknowledged.SequenceEqual(story.Found.Take(story.Acknowledged.Count)), $"seed {seed}: {story}");

            // The request that was under way may have been carried out, once; nothing else may have appeared.
            Assert.True(story.Found.Count - story.Acknowledged.Count is 0 or 1, $"seed {seed}: {story}");
        }
    }

    [Theory]
    [InlineData(CrashKind.Process)]
    [InlineData(CrashKind.Power)]
    public void The_same_seed_leaves_the_same_bytes(CrashKind kind)
    {
        var digests = new HashSet<string>();
        for (ulong seed = 100; seed < 104; seed++)
        {
            Story first = Tell(seed, kind);
            Story second = Tell(seed, kind);
            Assert.True(first.Digest == second.Digest, $"seed {seed}");
            Assert.Equal(first.CrashedAt, second.CrashedAt);
            digests.Add(first.Digest);
        }

        Assert.True(digests.Count > 1);
    }

    /// <summary>Runs once to count the changes, then again to die in one of them, starts anew, reads all, stops.</summary>
    private static Story Tell(ulong seed, CrashKind kind)
    {
        NodeWorld calm = World(seed);
        long first = calm.World.Disk.ChangeCount;
        Assert.Equal(BatchCount, Live(calm, seed).Acknowledged.Count);
        long crashAt = first + 1 + new SeededRandom(seed).Next(calm.World.Disk.ChangeCount - first);

        NodeWorld world = World(seed);
        world.World.Disk.CrashAtChange(crashAt, kind);
        (bool isCreated, List<string> acknowledged) = Live(world, seed);
        Assert.True(world.World.Disk.HasCrashed, $"seed {seed}");
        world.Reboot();
        bool isThere = world.Node.Cluster.Image.Topics.Find(Topic) is not null;
        Assert.True(isThere || !isCreated, $"seed {seed}: the topic is gone that was created before the crash at change {crashAt}");
        List<string> found = isThere ? ReadAll(world) : [];
        world.Stop();
        return new Story(crashAt, acknowledged, found, world.World.Disk.Digest());
    }

    /// <summary>A node that is formatted and was never started: its first start and the topic's creation are among what may be cut short.</summary>
    private static NodeWorld World(ulong seed) =>
        // The smallest segments that are allowed, so that rolling is among the writes; each batch is flushed, so that a loss of power may take none of them.
        new(seed, ("log.segment.bytes", "1048576"), ("log.flush.interval.messages", "1"), ("log.index.interval.bytes", "512"));

    /// <summary>Starts the node, creates the topic, and sends batches one after another; answers how far it came.</summary>
    private static (bool IsCreated, List<string> Acknowledged) Live(NodeWorld world, ulong seed) =>
        world.Boot() && world.Create(Topic) ? (true, Produce(world, seed)) : (false, []);

    /// <summary>Sends batches one after another; answers those that were acknowledged.</summary>
    private static List<string> Produce(NodeWorld world, ulong seed)
    {
        var random = new SeededRandom(seed + 1000);
        var acknowledged = new List<string>();
        TestClient client = world.Connect();
        for (int i = 0; i < BatchCount; i++)
        {
            string name = $"batch {i}";
            using var builder = new RecordBatchBuilder();
            builder.Append(1_767_225_600_000 + i, Encoding.ASCII.GetBytes(name), new byte[random.Next(60_000)]);
            client.Send(TestClient.ProduceOf(Topic, builder.Build().ToArray()), 12);
            if (client.Connection.AwaitAnswer(BrokerWorld.Patience) is not { } answer)
            {
                break;
            }

            var reader = new WireReader(answer.AsMemory(sizeof(int) + 1));
            ProduceResponse response = ProduceResponse.Read(ref reader, 12);
            Assert.Equal(ErrorCode.None, response.Responses[0].PartitionResponses[0].ErrorCode);
            acknowledged.Add(name);
        }

        return acknowledged;
    }

    private static List<string> ReadAll(NodeWorld world)
    {
        var found = new List<string>();
        TestClient client = world.Connect();
        while (true)
        {
            FetchResponse.PartitionData data = client.Fetch(Topic, found.Count);
            Assert.Equal(ErrorCode.None, data.ErrorCode);
            if (found.Count == data.HighWatermark)
            {
                return found;
            }

            var walk = new BatchWalk(data.Records!.Value.Span);
            while (walk.MoveNext())
            {
                Assert.True(walk.Current.CrcIsValid());
                Assert.Equal(found.Count, walk.Current.BaseOffset.Value);
                var reader = new RecordReader(walk.Current, walk.Current.Payload);
                while (reader.MoveNext(out RecordView record))
                {
                    found.Add(Encoding.ASCII.GetString(record.Key.Span));
                }
            }
        }
    }

    private sealed record Story(long CrashedAt, List<string> Acknowledged, List<string> Found, string Digest)
    {
        public override string ToString() => $"crash at change {CrashedAt}, {Acknowledged.Count} acknowledged, {Found.Count} found";
    }
}
