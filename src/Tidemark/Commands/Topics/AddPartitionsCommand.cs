using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics add-partitions</c></summary>
internal static class AddPartitionsCommand
{
    public static Command Define()
    {
        Argument<string> name = TopicsCommand.Name();
        var total = new Option<int>("--to") { Description = "How many partitions the topic shall have in all.", HelpName = "N", Required = true }.From(1);
        var validate = new Option<bool>("--validate-only") { Description = "Only ask whether it would be done." };
        var command = new ExampledCommand(
            "add-partitions",
            "Give a topic more partitions. Records stay where they are, but keys may go to other partitions from then on.",
            "tidemark topics add-partitions orders --to 12")
        {
            name,
            total,
            validate,
        };
        ClusterOptions.Attach(
            command,
            async call =>
            {
                var request = new CreatePartitionsRequest
                {
                    Topics = [new CreatePartitionsRequest.CreatePartitionsTopic { Name = call.Get(name), Count = call.Get(total), Assignments = null }],
                    TimeoutMs = call.TimeoutMs,
                    ValidateOnly = call.Get(validate),
                };
                CreatePartitionsResponse response = await call.Cluster.SendToControllerAsync<CreatePartitionsResponse>(request, r => r.Results[0].ErrorCode, call.Timeout, call.Cancellation);
                CreatePartitionsResponse.CreatePartitionsTopicResult result = response.Results[0];
                ClusterCall.Require(result.ErrorCode, $"Adding partitions to topic {result.Name}", result.ErrorMessage);
                Outcome.Write(
                    call.Json,
                    $"Topic {result.Name} {(request.ValidateOnly ? "would have" : "has")} {call.Get(total)} partitions.",
                    ("topic", result.Name),
                    ("partitions", call.Get(total)),
                    ("validatedOnly", request.ValidateOnly));
                return ExitCode.Success;
            });
        return command;
    }
}
