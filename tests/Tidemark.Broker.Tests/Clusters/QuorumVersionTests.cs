using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>A quorum whose voters the configuration fixes (kraft.version 0) becomes one that keeps them in its log (1).</summary>
public sealed class QuorumVersionTests
{
    private const string Feature = "kraft.version";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Raised_to_1_it_holds_everywhere_and_after_all_were_killed_and_cannot_be_lowered()
    {
        var cluster = new SimulatedCluster(7, 3);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully), s_patience));
        var client = new ClusterClient(cluster);

        // Every voter has told the leader by then which directory it has.
        UpdateFeaturesResponse trial = new();
        Assert.True(cluster.RunUntil(() => (trial = Update(client, 1, validateOnly: true)).ErrorCode == ErrorCode.None, s_patience), $"{trial.ErrorCode} {trial.ErrorMessage}");
        Assert.Equal(0, Level(client, 1));

        UpdateFeaturesResponse raised = Update(client, 1);
        Assert.True(raised.ErrorCode == ErrorCode.None, raised.ErrorMessage);
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Quorum!.KRaftVersion == 1), s_patience));
        Assert.All(cluster.Nodes, node => Assert.Equal(1, Level(client, node.Id)));
        Assert.Equal(ErrorCode.None, Update(client, 1).ErrorCode);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update(client, 0, type: 2).ErrorCode);

        foreach (SimulatedNode node in cluster.Nodes)
        {
            node.Kill();
        }

        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster.Nodes.All(node => node.Started.IsCompletedSuccessfully), s_patience));
        Assert.All(cluster.Nodes, node => Assert.Equal(1, node.Quorum!.KRaftVersion));

        // What only a quorum of version 1 can do.
        DescribeQuorumResponse.PartitionData quorum = Describe(client);
        DescribeQuorumResponse.ReplicaState gone = quorum.CurrentVoters.First(voter => voter.ReplicaId != quorum.LeaderId);
        Assert.Equal(
            ErrorCode.None,
            client.Ask<RemoveRaftVoterRequest, RemoveRaftVoterResponse>(1, new RemoveRaftVoterRequest { ClusterId = null, VoterId = gone.ReplicaId, VoterDirectoryId = gone.ReplicaDirectoryId }).ErrorCode);
        Assert.Equal(2, Describe(client).CurrentVoters.Count);
    }

    [Fact]
    public void A_voter_that_is_away_keeps_the_version_from_rising()
    {
        var cluster = new SimulatedCluster(8, 3);
        cluster[1].Start();
        cluster[2].Start();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully && cluster[2].Started.IsCompletedSuccessfully, s_patience));
        UpdateFeaturesResponse refused = Update(new ClusterClient(cluster), 1);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, refused.ErrorCode);
        Assert.NotNull(refused.ErrorMessage);
    }

    private static UpdateFeaturesResponse Update(ClusterClient client, short level, bool validateOnly = false, sbyte type = 1) => client.Ask<UpdateFeaturesRequest, UpdateFeaturesResponse>(
        1,
        new UpdateFeaturesRequest { ValidateOnly = validateOnly, FeatureUpdates = [new() { Feature = Feature, MaxVersionLevel = level, UpgradeType = type }] });

    private static short Level(ClusterClient client, int node) =>
        client.Ask<ApiVersionsRequest, ApiVersionsResponse>(node, new ApiVersionsRequest { ClientSoftwareName = "t", ClientSoftwareVersion = "1" })
            .FinalizedFeatures.Find(feature => feature.Name == Feature)?.MaxVersionLevel ?? 0;

    private static DescribeQuorumResponse.PartitionData Describe(ClusterClient client) => client.Ask<DescribeQuorumRequest, DescribeQuorumResponse>(
        1,
        new DescribeQuorumRequest { Topics = [new() { TopicName = "__cluster_metadata", Partitions = [new() { PartitionIndex = 0 }] }] }).Topics[0].Partitions[0];
}
