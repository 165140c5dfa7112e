using System.Collections.Immutable;
using Tidemark.Metadata.Configuration;

namespace Tidemark.Broker.Cluster;

/// <summary>The log directories that <c>cordoned.log.dirs</c> closes to new partitions (KIP-1066); <c>*</c> stands for all.</summary>
internal readonly struct CordonedDirectories(BrokerConfig config)
{
    private readonly ImmutableArray<string> _paths = config.GetList("cordoned.log.dirs");

    public bool IsEmpty => _paths.IsEmpty;

    public bool Contains(string path) => _paths.Any(cordoned => cordoned == "*" || Path.GetFullPath(cordoned) == path);
}
