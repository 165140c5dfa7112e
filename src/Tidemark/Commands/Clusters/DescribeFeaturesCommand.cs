using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster features</c></summary>
internal static class DescribeFeaturesCommand
{
    public static Command Define()
    {
        var command = new ExampledCommand("features", "Show the levels of the cluster's features.", "tidemark cluster features");
        ClusterOptions.Attach(command, async call =>
        {
            ApiVersionsResponse versions = (await call.Cluster.ConnectToAnyAsync(call.Cancellation)).Versions.Response;
            var features = new Listing("feature", "level", "lowest", "highest");
            foreach (ApiVersionsResponse.SupportedFeatureKey feature in versions.SupportedFeatures.OrderBy(f => f.Name, StringComparer.Ordinal))
            {
                short level = versions.FinalizedFeatures.Find(f => f.Name == feature.Name)?.MaxVersionLevel ?? 0;
                features.Add(feature.Name, level, feature.MinVersion, feature.MaxVersion);
            }

            features.Write(call.Json, "The broker names no features.");
            return ExitCode.Success;
        });
        return command;
    }
}
