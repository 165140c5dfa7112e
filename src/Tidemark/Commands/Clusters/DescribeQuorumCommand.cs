using System.CommandLine;
using Tidemark.Commands.Quorum;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster quorum</c></summary>
internal static class DescribeQuorumCommand
{
    public static Command Define() => Attach(new ExampledCommand("quorum", "Show who keeps the metadata log and how far each has got.", "tidemark cluster quorum"));

    /// <summary>Lets a command describe the quorum.</summary>
    public static Command Attach(Command command)
    {
        ClusterOptions.Attach(command, async call =>
        {
            (DescribeQuorumResponse.PartitionData partition, IReadOnlyDictionary<int, string> addresses) = await QuorumMembers.AskAllAsync(call);
            var replicas = new Listing("node", "role", "end offset", "lag", "directory", "address");
            long end = partition.CurrentVoters.Concat(partition.Observers).Select(r => r.LogEndOffset).DefaultIfEmpty(0).Max();
            foreach (DescribeQuorumResponse.ReplicaState voter in partition.CurrentVoters)
            {
                replicas.Add(voter.ReplicaId, voter.ReplicaId == partition.LeaderId ? "leader" : "voter", voter.LogEndOffset, end - voter.LogEndOffset, DirectoryOf(voter), addresses.GetValueOrDefault(voter.ReplicaId));
            }

            foreach (DescribeQuorumResponse.ReplicaState observer in partition.Observers)
            {
                replicas.Add(observer.ReplicaId, "observer", observer.LogEndOffset, end - observer.LogEndOffset, DirectoryOf(observer), addresses.GetValueOrDefault(observer.ReplicaId));
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

    /// <summary>Which together with the node's number names a voter; null where the quorum's voters are fixed.</summary>
    private static string? DirectoryOf(DescribeQuorumResponse.ReplicaState replica) => replica.ReplicaDirectoryId.IsZero ? null : replica.ReplicaDirectoryId.ToString();
}
