using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster quorum</c></summary>
internal static class DescribeQuorumCommand
{
    public static Command Define()
    {
        var command = new ExampledCommand("quorum", "Show who keeps the metadata log and how far each has got.", "tidemark cluster quorum");
        ClusterOptions.Attach(command, async call =>
        {
            var request = new DescribeQuorumRequest
            {
                Topics = [new DescribeQuorumRequest.TopicData { TopicName = "__cluster_metadata", Partitions = [new DescribeQuorumRequest.PartitionData { PartitionIndex = 0 }] }],
            };
            DescribeQuorumResponse response = await call.Cluster.SendToAnyAsync<DescribeQuorumResponse>(request, cancellation: call.Cancellation);
            ClusterCall.Require(response.ErrorCode, "Describing the quorum", response.ErrorMessage);
            DescribeQuorumResponse.PartitionData partition = response.Topics[0].Partitions[0];
            ClusterCall.Require(partition.ErrorCode, "Describing the quorum", partition.ErrorMessage);
            var replicas = new Listing("node", "role", "end offset", "lag");
            long end = partition.CurrentVoters.Concat(partition.Observers).Select(r => r.LogEndOffset).DefaultIfEmpty(0).Max();
            foreach (DescribeQuorumResponse.ReplicaState voter in partition.CurrentVoters)
            {
                replicas.Add(voter.ReplicaId, voter.ReplicaId == partition.LeaderId ? "leader" : "voter", voter.LogEndOffset, end - voter.LogEndOffset);
            }

            foreach (DescribeQuorumResponse.ReplicaState observer in partition.Observers)
            {
                replicas.Add(observer.ReplicaId, "observer", observer.LogEndOffset, end - observer.LogEndOffset);
            }

            replicas.WriteUnder(
                call.Json,
                $"Leader {partition.LeaderId}, epoch {partition.LeaderEpoch}, high watermark {partition.HighWatermark}",
                [("leader", partition.LeaderId), ("leaderEpoch", partition.LeaderEpoch), ("highWatermark", partition.HighWatermark)],
                "replicas",
                "There are no voters.");
            return ExitCode.Success;
        });
        return command;
    }
}
