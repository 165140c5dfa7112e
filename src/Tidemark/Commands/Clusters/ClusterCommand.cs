using System.CommandLine;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster</c>: brokers, features, the quorum and the disks.</summary>
internal static class ClusterCommand
{
    public static Command Define() => new("cluster", "Show brokers, features, the metadata quorum and log directories.")
    {
        DescribeClusterCommand.Define(),
        DescribeFeaturesCommand.Define(),
        DescribeQuorumCommand.Define(),
        DescribeLogDirsCommand.Define(),
    };
}
