using System.CommandLine;
using Tidemark.Client;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics delete</c></summary>
internal static class DeleteTopicsCommand
{
    public static Command Define()
    {
        var names = new Argument<string[]>("TOPIC") { Description = "The topics.", Arity = ArgumentArity.OneOrMore };
        var command = new ExampledCommand("delete", "Delete topics with all their records.", "tidemark topics delete orders", "tidemark topics delete test1 test2") { names };
        ClusterOptions.Attach(
            command,
            async call =>
            {
                string[] wanted = call.Get(names);
                var request = new DeleteTopicsRequest
                {
                    Topics = [.. wanted.Select(n => new DeleteTopicsRequest.DeleteTopicState { Name = n })],
                    TopicNames = [.. wanted],
                    TimeoutMs = call.TimeoutMs,
                };
                DeleteTopicsResponse response = await call.Cluster.SendToControllerAsync<DeleteTopicsResponse>(request, r => r.Responses[0].ErrorCode, call.Timeout, call.Cancellation);
                int exitCode = ExitCode.Success;
                var listing = new Listing("topic", "deleted", "error");
                foreach (DeleteTopicsResponse.DeletableTopicResult result in response.Responses)
                {
                    bool isDeleted = result.ErrorCode == ErrorCode.None;
                    listing.Add(result.Name, isDeleted, isDeleted ? null : result.ErrorCode.KafkaName());
                    if (isDeleted && !call.Json)
                    {
                        Console.Out.WriteLine($"Topic {result.Name} deleted.");
                    }
                    else if (!isDeleted)
                    {
                        CommandLine.Complain(new BrokerErrorException(result.ErrorCode, $"Deleting topic {result.Name}", result.ErrorMessage).Message);
                        exitCode = ExitCode.Failed;
                    }
                }

                if (call.Json)
                {
                    listing.Write(json: true, "");
                }

                return exitCode;
            });
        return command;
    }
}
