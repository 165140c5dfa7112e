using System.CommandLine;
using Tidemark.Metadata.Configuration;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Configs;

/// <summary>What to change: <c>--set</c>, <c>--unset</c>, <c>--append</c>, <c>--subtract</c>, sent as IncrementalAlterConfigs (KIP-339).</summary>
internal sealed class ConfigChangeOptions
{
    private const sbyte SetOperation = 0, DeleteOperation = 1, AppendOperation = 2, SubtractOperation = 3;

    private readonly Option<string[]> _set = new("--set") { Description = "Sets a key; may be given again.", HelpName = "KEY=VALUE" };
    private readonly Option<string[]> _unset = new("--unset") { Description = "Takes a key back to its default; may be given again.", HelpName = "KEY" };
    private readonly Option<string[]> _append = new("--append") { Description = "Adds a value to a list.", HelpName = "KEY=VALUE" };
    private readonly Option<string[]> _subtract = new("--subtract") { Description = "Takes a value out of a list.", HelpName = "KEY=VALUE" };
    private readonly Option<bool> _validate = new("--validate-only") { Description = "Only ask whether it would be changed." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _set, _unset, _append, _subtract, _validate })
        {
            command.Add(option);
        }
    }

    public async Task<int> ApplyAsync(ClusterCall call, ConfigResourceType type, string name)
    {
        var resource = new IncrementalAlterConfigsRequest.AlterConfigsResource
        {
            ResourceType = (sbyte)type,
            ResourceName = name,
            Configs =
            [
                .. Pairs(call, _set, SetOperation),
                .. (call.Get(_unset) ?? []).Select(key => new IncrementalAlterConfigsRequest.AlterableConfig { Name = key, ConfigOperation = DeleteOperation, Value = null }),
                .. Pairs(call, _append, AppendOperation),
                .. Pairs(call, _subtract, SubtractOperation),
            ],
        };
        if (resource.Configs.Count == 0)
        {
            throw new CommandException(ExitCode.Usage, "nothing to change: --set KEY=VALUE or --unset KEY is needed");
        }

        var request = new IncrementalAlterConfigsRequest { Resources = [resource], ValidateOnly = call.Get(_validate) };
        IncrementalAlterConfigsResponse response = ConfigTarget.BrokerOf(type, name) is { } broker
            ? await call.Cluster.SendToAsync<IncrementalAlterConfigsResponse>(broker, request, cancellation: call.Cancellation)
            : await call.Cluster.SendToControllerAsync<IncrementalAlterConfigsResponse>(request, r => r.Responses[0].ErrorCode, cancellation: call.Cancellation);
        IncrementalAlterConfigsResponse.AlterConfigsResourceResponse result = response.Responses[0];
        string what = ConfigTarget.Describe(type, name);
        ClusterCall.Require(result.ErrorCode, $"Changing {what}", result.ErrorMessage);
        Outcome.Write(
            call.Json,
            $"The configuration of {what} {(request.ValidateOnly ? "would be" : "is")} changed.",
            ("type", ConfigTarget.TypeName(type)),
            ("name", name),
            ("changed", resource.Configs.Select(config => config.Name)),
            ("validatedOnly", request.ValidateOnly));
        return ExitCode.Success;
    }

    private static IEnumerable<IncrementalAlterConfigsRequest.AlterableConfig> Pairs(ClusterCall call, Option<string[]> option, sbyte operation) =>
        KeyValueList.Read(option.Name, call.Get(option)).Select(pair => new IncrementalAlterConfigsRequest.AlterableConfig { Name = pair.Key, ConfigOperation = operation, Value = pair.Value });
}
