using System.CommandLine;
using Tidemark.Client;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Quorum;

/// <summary><c>tidemark quorum add-voter</c></summary>
internal static class AddVoterCommand
{
    public static Command Define()
    {
        var node = new Argument<int>("NODE") { Description = "The node's number. It runs and follows the quorum already." }.From(0);
        var address = new Option<string>("--address") { Description = "Where its controller listens.", HelpName = "HOST:PORT", Required = true };
        var listener = new Option<string>("--listener") { Description = "The name of that listener.", HelpName = "NAME", DefaultValueFactory = _ => "CONTROLLER" };
        var directory = new Option<string?>("--directory") { Description = "The id of its metadata directory; by default that with which it follows.", HelpName = "ID" };
        var command = new ExampledCommand(
            "add-voter",
            "Let a controller that follows the quorum vote in it. Only where the quorum keeps its voters in the metadata log.",
            "tidemark quorum add-voter 4 --address 10.0.0.4:9093")
        {
            node,
            address,
            listener,
            directory,
        };
        ClusterOptions.Attach(command, async call =>
        {
            BrokerAddress at = ReadAddress(call.Get(address)!);
            int id = call.Get(node);
            DescribeQuorumResponse.PartitionData members = await QuorumMembers.AskAsync(call);
            Uuid directoryId = QuorumMembers.Directory(call.Get(directory), id, members, members.Observers, "observer");
            var request = new AddRaftVoterRequest
            {
                ClusterId = null,
                TimeoutMs = call.TimeoutMs,
                VoterId = id,
                VoterDirectoryId = directoryId,
                Listeners = [new AddRaftVoterRequest.Listener { Name = call.Get(listener)!.ToUpperInvariant(), Host = at.Host, Port = (ushort)at.Port }],
            };
            AddRaftVoterResponse response = await call.Cluster.SendToControllerAsync<AddRaftVoterResponse>(request, r => r.ErrorCode, call.Timeout, call.Cancellation);
            ClusterCall.Require(response.ErrorCode, $"Adding voter {id}", response.ErrorMessage);
            Outcome.Write(call.Json, $"Node {id} is a voter now.", ("node", id), ("directory", directoryId.ToString()), ("added", true));
            return ExitCode.Success;
        });
        return command;
    }

    private static BrokerAddress ReadAddress(string text)
    {
        try
        {
            return BrokerAddress.Parse(text);
        }
        catch (FormatException wrong)
        {
            throw new CommandException(ExitCode.Usage, $"--address {text}: {wrong.Message}");
        }
    }
}
