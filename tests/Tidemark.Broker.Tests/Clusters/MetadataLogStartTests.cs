using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>The metadata log begins where its oldest snapshot ends, before and after a restart.</summary>
public sealed class MetadataLogStartTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The epochs below the start are forgotten while the segment that holds them stays. A member that began its log at that segment's first
    /// offset again knew nothing of them, and told a follower to cut off what was committed.
    /// </summary>
    [Fact]
    public void It_begins_at_the_oldest_snapshot_after_a_restart_too()
    {
        var cluster = new SimulatedCluster(
            5, 1, ("metadata.log.max.record.bytes.between.snapshots", "500"), ("metadata.max.retention.bytes", "2000"), ("internal.metadata.log.segment.bytes", "100000"));
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully, s_patience));
        var client = new ClusterClient(cluster);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(ErrorCode.None, client.CreateTopic(1, $"topic{i}", 1, 1));
        }

        long before = Start(cluster, client);
        Assert.True(before > 0);
        cluster[1].Kill();
        cluster[1].Start();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully, s_patience));

        Assert.True(Start(cluster, client) >= before);
    }

    private static long Start(SimulatedCluster cluster, ClusterClient client) => client.Ask<FetchRequest, FetchResponse>(
        1,
        new FetchRequest
        {
            ClusterId = SimulatedCluster.ClusterId,
            ReplicaState = new FetchRequest.ReplicaStateValue { ReplicaId = 9 },
            MaxBytes = 1 << 20,
            Topics =
            [
                new()
                {
                    TopicId = Uuid.Metadata,
                    Partitions = [new() { Partition = 0, CurrentLeaderEpoch = cluster[1].Quorum!.Epoch.Value, LastFetchedEpoch = 0, PartitionMaxBytes = 1 << 20 }],
                },
            ],
        },
        port: SimulatedNode.ControllerPort).Responses[0].Partitions[0].LogStartOffset;
}
