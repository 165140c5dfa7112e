using System.CommandLine;
using Tidemark.Client;
using Tidemark.Client.Cluster;
using Tidemark.Output;
using Tidemark.Parsing;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Commands.Clusters;

/// <summary><c>tidemark cluster log-dirs</c></summary>
internal static class DescribeLogDirsCommand
{
    public static Command Define()
    {
        var command = new ExampledCommand("log-dirs", "Show the log directories of all brokers and how full they are.", "tidemark cluster log-dirs");
        ClusterOptions.Attach(command, async call =>
        {
            ClusterMetadata metadata = await call.Cluster.RefreshAsync([], cancellation: call.Cancellation);
            var listing = new Listing("broker", "directory", "partitions", "bytes", "free bytes", "error");
            foreach (BrokerId broker in metadata.Brokers.Keys.OrderBy(b => b.Value))
            {
                DescribeLogDirsResponse response;
                try
                {
                    response = await call.Cluster.SendToAsync<DescribeLogDirsResponse>(broker, new DescribeLogDirsRequest { Topics = null }, cancellation: call.Cancellation);
                    ClusterCall.Require(response.ErrorCode, $"Describing the log directories of broker {broker.Value}", null);
                }
                catch (ClientException gone) when (gone is BrokerUnreachableException or RequestTimedOutException)
                {
                    // Its end may not have been noticed by those who name it; what the others say is worth showing.
                    listing.Add(broker.Value, null, null, null, null, gone.Message);
                    continue;
                }

                foreach (DescribeLogDirsResponse.DescribeLogDirsResult directory in response.Results)
                {
                    var partitions = directory.Topics.SelectMany(t => t.Partitions).ToList();
                    string? error = directory.ErrorCode == ErrorCode.None ? null : directory.ErrorCode.KafkaName();
                    listing.Add(broker.Value, directory.LogDir, partitions.Count, partitions.Sum(p => p.PartitionSize), directory.UsableBytes, error);
                }
            }

            listing.Write(call.Json, "There are no log directories.");
            return ExitCode.Success;
        });
        return command;
    }
}
