using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Simulator.Clusters;

namespace Tidemark.Broker.Tests.Clusters;

/// <summary>What a member of the quorum answers to others on its controller's listener.</summary>
public sealed class QuorumAnswerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <summary>Who asks in an epoch that is over learns the present one, though nobody leads it.</summary>
    [Fact]
    public void A_member_that_knows_no_leader_tells_its_epoch_to_a_voter_that_wants_to_be_updated()
    {
        var cluster = new SimulatedCluster(3, 3);
        cluster[1].Start();
        cluster.RunUntil(() => false, TimeSpan.FromSeconds(3));
        UpdateRaftVoterResponse answer = new ClusterClient(cluster).Ask<UpdateRaftVoterRequest, UpdateRaftVoterResponse>(
            1,
            new UpdateRaftVoterRequest
            {
                ClusterId = SimulatedCluster.ClusterId,
                CurrentLeaderEpoch = 0,
                VoterId = 2,
                VoterDirectoryId = new Uuid(1, 2),
                KRaftVersionFeature = new() { MaxSupportedVersion = 1 },
            },
            port: SimulatedNode.ControllerPort);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, answer.ErrorCode);
        Assert.Equal((-1, 0, ""), (answer.CurrentLeader?.LeaderId, answer.CurrentLeader?.LeaderEpoch, answer.CurrentLeader?.Host));
    }

    [Fact]
    public void A_voter_of_another_cluster_is_told_who_leads_this_one()
    {
        var cluster = new SimulatedCluster(6, 1);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully, s_patience));
        UpdateRaftVoterResponse answer = new ClusterClient(cluster).Ask<UpdateRaftVoterRequest, UpdateRaftVoterResponse>(
            1, new UpdateRaftVoterRequest { ClusterId = "another", VoterId = 2, VoterDirectoryId = new Uuid(1, 2), KRaftVersionFeature = new() }, port: SimulatedNode.ControllerPort);
        Assert.Equal(ErrorCode.InconsistentClusterId, answer.ErrorCode);
        Assert.Equal((1, cluster[1].Quorum!.Epoch.Value), (answer.CurrentLeader?.LeaderId, answer.CurrentLeader?.LeaderEpoch));
    }

    /// <summary>There are no transactions in the metadata log.</summary>
    [Fact]
    public void A_fetch_of_the_metadata_log_is_told_no_last_stable_offset()
    {
        var cluster = new SimulatedCluster(7, 1);
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully, s_patience));
        FetchResponse.PartitionData answer = new ClusterClient(cluster).Ask<FetchRequest, FetchResponse>(
            1,
            new FetchRequest
            {
                ClusterId = SimulatedCluster.ClusterId,
                MaxBytes = 1 << 20,
                Topics = [new() { TopicId = Uuid.Metadata, Partitions = [new() { CurrentLeaderEpoch = cluster[1].Quorum!.Epoch.Value, LastFetchedEpoch = 0, PartitionMaxBytes = 1 << 20 }] }],
            },
            port: SimulatedNode.ControllerPort).Responses[0].Partitions[0];
        Assert.Equal((ErrorCode.None, -1), (answer.ErrorCode, answer.LastStableOffset));
        Assert.True(answer.HighWatermark > 0);
    }

    /// <summary>It holds what this directory alone was formatted with; the first leader writes it into the log.</summary>
    [Fact]
    public void The_snapshot_of_a_formatted_directory_is_given_to_nobody()
    {
        var cluster = new SimulatedCluster(4, 1) { HasDynamicVoters = true };
        cluster.StartAll();
        Assert.True(cluster.RunUntil(() => cluster[1].Started.IsCompletedSuccessfully, s_patience));
        FetchSnapshotResponse answer = new ClusterClient(cluster).Ask<FetchSnapshotRequest, FetchSnapshotResponse>(
            1,
            new FetchSnapshotRequest
            {
                ClusterId = SimulatedCluster.ClusterId,
                ReplicaId = 9,
                MaxBytes = 1 << 20,
                Topics =
                [
                    new()
                    {
                        Name = "__cluster_metadata",
                        Partitions = [new() { CurrentLeaderEpoch = cluster[1].Quorum!.Epoch.Value, SnapshotId = new() { EndOffset = 0, Epoch = 0 } }],
                    },
                ],
            },
            port: SimulatedNode.ControllerPort);
        Assert.Equal(ErrorCode.SnapshotNotFound, answer.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(0, answer.Topics[0].Partitions[0].UnalignedRecords.Length);
    }
}
