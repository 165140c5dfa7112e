using System.Globalization;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Commands.Configs;
using Tidemark.Commands.Quorum;
using Tidemark.Metadata.Configuration;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary>How a cluster is at one moment: its brokers and what they lead, and the partitions that lack something.</summary>
internal sealed class ClusterHealth
{
    private const string MinInsync = "min.insync.replicas";

    /// <summary>A quorum without a leader tells nothing, and the rest is worth seeing just then.</summary>
    private static readonly TimeSpan s_quorumPatience = TimeSpan.FromSeconds(2);

    private readonly DescribeClusterResponse _cluster;
    private readonly int? _controller;
    private readonly List<(string Topic, PartitionInfo Partition)> _partitions;
    private readonly Dictionary<string, int> _minInsync;

    private ClusterHealth(
        DescribeClusterResponse cluster, int? controller, List<(string Topic, PartitionInfo Partition)> partitions, Dictionary<string, int> minInsync)
    {
        _cluster = cluster;
        _controller = controller;
        _partitions = partitions;
        _minInsync = minInsync;
    }

    public static async Task<ClusterHealth> AskAsync(ClusterCall call)
    {
        DescribeClusterResponse cluster = await call.Cluster.SendToAnyAsync<DescribeClusterResponse>(new DescribeClusterRequest { IncludeFencedBrokers = true }, cancellation: call.Cancellation);
        ClusterCall.Require(cluster.ErrorCode, "Describing the cluster", cluster.ErrorMessage);
        ClusterMetadata metadata = await call.Cluster.RefreshAsync(null, cancellation: call.Cancellation);
        return new ClusterHealth(
            cluster,
            await AskControllerAsync(call),
            [.. metadata.Topics.Values.OrderBy(topic => topic.Name, StringComparer.Ordinal).SelectMany(topic => topic.Partitions.Select(partition => (topic.Name, partition)))],
            await AskMinInsyncAsync(call, metadata.Topics.Keys));
    }

    public void Write(bool json)
    {
        var brokers = new Listing("broker", "host", "port", "rack", "state", "controller", "leaders", "replicas", "out of sync");
        foreach (DescribeClusterResponse.DescribeClusterBroker broker in _cluster.Brokers.OrderBy(b => b.BrokerId))
        {
            List<PartitionInfo> replicas = [.. _partitions.Select(p => p.Partition).Where(p => p.Replicas.Contains(broker.BrokerId))];
            brokers.Add(
                broker.BrokerId,
                broker.Host,
                broker.Port,
                broker.Rack,
                broker.IsFenced ? "fenced" : "serving",
                broker.BrokerId == _controller,
                replicas.Count(p => p.Leader.Value == broker.BrokerId),
                replicas.Count,
                replicas.Count(p => !p.Isr.Contains(broker.BrokerId)));
        }

        string[] underReplicated = Names(p => p.Partition.Isr.Count < p.Partition.Replicas.Count);
        string[] underMinIsr = Names(p => p.Partition.Isr.Count < Math.Min(_minInsync.GetValueOrDefault(p.Topic, 1), p.Partition.Replicas.Count));
        string[] offline = Names(p => p.Partition.Leader.Value < 0);
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"Cluster {_cluster.ClusterId}, {(_controller is { } active ? $"controller {active}" : "no controller")}: {_partitions.Count} partitions, {underReplicated.Length} under-replicated, {underMinIsr.Length} under min ISR, {offline.Length} offline");
        brokers.WriteUnder(
            json,
            line,
            [
                ("clusterId", _cluster.ClusterId), ("controller", _controller), ("partitions", _partitions.Count), ("underReplicated", underReplicated), ("underMinIsr", underMinIsr), ("offline", offline),
            ],
            "brokers",
            "There are no brokers.");
        if (!json)
        {
            Name("offline", offline);
            Name("under min ISR", underMinIsr);
            Name("under-replicated", underReplicated);
        }
    }

    private static void Name(string what, string[] partitions)
    {
        const int Shown = 10;
        if (partitions.Length > 0)
        {
            string more = partitions.Length > Shown ? $" and {partitions.Length - Shown} more" : "";
            Console.Out.WriteLine($"{what}: {string.Join(' ', partitions.Take(Shown))}{more}");
        }
    }

    private string[] Names(Func<(string Topic, PartitionInfo Partition), bool> lacks) => [.. _partitions.Where(lacks).Select(p => $"{p.Topic}-{p.Partition.Partition}")];

    /// <summary>The active controller, which may be no broker: what brokers name as one to clients is any that passes requests on. Null when nobody says.</summary>
    private static async Task<int?> AskControllerAsync(ClusterCall call)
    {
        await using var client = new ClusterClient(call.Cluster.Options with { RequestTimeout = s_quorumPatience, RetryMax = s_quorumPatience });
        try
        {
            return (await QuorumMembers.AskAsync(call with { Cluster = client })).LeaderId;
        }
        catch (ClientException)
        {
            return null;
        }
    }

    private static async Task<Dictionary<string, int>> AskMinInsyncAsync(ClusterCall call, IEnumerable<string> topics)
    {
        var request = new DescribeConfigsRequest
        {
            Resources = [.. topics.Select(name => new DescribeConfigsRequest.DescribeConfigsResource { ResourceType = (sbyte)ConfigResourceType.Topic, ResourceName = name, ConfigurationKeys = [MinInsync] })],
        };
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        if (request.Resources.Count == 0)
        {
            return found;
        }

        DescribeConfigsResponse response = await call.Cluster.SendToAnyAsync<DescribeConfigsResponse>(request, cancellation: call.Cancellation);
        foreach (DescribeConfigsResponse.DescribeConfigsResult result in response.Results.Where(r => r.ErrorCode == ErrorCode.None))
        {
            if (int.TryParse(result.Configs.Find(c => c.Name == MinInsync)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int least))
            {
                found[result.ResourceName] = least;
            }
        }

        return found;
    }
}
