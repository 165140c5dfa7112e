using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Quorum;

/// <summary><c>tidemark quorum remove-voter</c></summary>
internal static class RemoveVoterCommand
{
    public static Command Define()
    {
        var node = new Argument<int>("NODE") { Description = "The voter's number." }.From(0);
        var directory = new Option<string?>("--directory") { Description = "The id of its metadata directory; by default that with which it votes.", HelpName = "ID" };
        var command = new ExampledCommand(
            "remove-voter",
            "Take a voter's vote away. Only where the quorum keeps its voters in the metadata log.",
            "tidemark quorum remove-voter 3")
        {
            node,
            directory,
        };
        ClusterOptions.Attach(command, async call =>
        {
            int id = call.Get(node);
            DescribeQuorumResponse.PartitionData members = await QuorumMembers.AskAsync(call);
            Uuid directoryId = QuorumMembers.Directory(call.Get(directory), id, members, members.CurrentVoters, "voter");
            var request = new RemoveRaftVoterRequest { ClusterId = null, VoterId = id, VoterDirectoryId = directoryId };
            RemoveRaftVoterResponse response = await call.Cluster.SendToControllerAsync<RemoveRaftVoterResponse>(request, r => r.ErrorCode, call.Timeout, call.Cancellation);
            ClusterCall.Require(response.ErrorCode, $"Removing voter {id}", response.ErrorMessage);
            Outcome.Write(call.Json, $"Node {id} is no voter any more.", ("node", id), ("directory", directoryId.ToString()), ("removed", true));
            return ExitCode.Success;
        });
        return command;
    }
}
