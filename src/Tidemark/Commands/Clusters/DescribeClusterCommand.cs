using System.CommandLine;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster describe</c></summary>
internal static class DescribeClusterCommand
{
    public static Command Define()
    {
        var command = new ExampledCommand("describe", "Show the cluster's id and its brokers.", "tidemark cluster describe", "tidemark cluster describe --json");
        ClusterOptions.Attach(command, async call =>
        {
            DescribeClusterResponse response = await call.Cluster.SendToAnyAsync<DescribeClusterResponse>(new DescribeClusterRequest { IncludeFencedBrokers = true }, cancellation: call.Cancellation);
            ClusterCall.Require(response.ErrorCode, "Describing the cluster", response.ErrorMessage);
            var brokers = new Listing("broker", "host", "port", "rack", "fenced", "controller");
            foreach (DescribeClusterResponse.DescribeClusterBroker broker in response.Brokers.OrderBy(b => b.BrokerId))
            {
                brokers.Add(broker.BrokerId, broker.Host, broker.Port, broker.Rack, broker.IsFenced, broker.BrokerId == response.ControllerId);
            }

            brokers.WriteUnder(call.Json, $"Cluster {response.ClusterId}", [("clusterId", response.ClusterId)], "brokers", "There are no brokers.");
            return ExitCode.Success;
        });
        return command;
    }
}
