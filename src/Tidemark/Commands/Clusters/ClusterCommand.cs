using System.CommandLine;
using Tidemark.Parsing;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster</c>: brokers, features, the quorum and the disks.</summary>
internal static class ClusterCommand
{
    public static Command Define() => DescribeClusterCommand.Attach(new ExampledCommand(
        "cluster",
        "Show brokers and partitions; by its subcommands features, the metadata quorum and log directories.",
        "tidemark cluster",
        "tidemark cluster --watch",
        "tidemark cluster log-dirs --json")
    {
        DescribeClusterCommand.Define(),
        DescribeFeaturesCommand.Define(),
        DescribeQuorumCommand.Define(),
        DescribeLogDirsCommand.Define(),
    });
}
