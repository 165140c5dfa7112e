using System.CommandLine;
using Tidemark.Metadata.Configuration;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Configs;

/// <summary><c>tidemark configs list</c></summary>
internal static class ListConfigsCommand
{
    public static Command Define()
    {
        var command = new ExampledCommand("list", "List everything that can have a configuration.", "tidemark configs list");
        ClusterOptions.Attach(command, async call =>
        {
            ListConfigResourcesResponse response = await call.Cluster.SendToAnyAsync<ListConfigResourcesResponse>(new ListConfigResourcesRequest(), cancellation: call.Cancellation);
            ClusterCall.Require(response.ErrorCode, "Listing configurations", null);
            var listing = new Listing("type", "name");
            foreach (ListConfigResourcesResponse.ConfigResource resource in response.ConfigResources.OrderBy(r => r.ResourceType).ThenBy(r => r.ResourceName, StringComparer.Ordinal))
            {
                listing.Add(ConfigTarget.TypeName((ConfigResourceType)resource.ResourceType), resource.ResourceName);
            }

            listing.Write(call.Json, "Nothing has a configuration.");
            return ExitCode.Success;
        });
        return command;
    }
}
