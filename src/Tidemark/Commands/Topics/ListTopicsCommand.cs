using System.CommandLine;
using Tidemark.Client.Cluster;
using Tidemark.Output;
using Tidemark.Parsing;

namespace Tidemark.Commands.Topics;

/// <summary><c>tidemark topics list</c></summary>
internal static class ListTopicsCommand
{
    public static Command Define()
    {
        var withInternal = new Option<bool>("--internal") { Description = "Show internal topics too." };
        var command = new ExampledCommand("list", "List topics.", "tidemark topics list", "tidemark topics list --json -b broker1:9092") { withInternal };
        ClusterOptions.Attach(command, async call =>
        {
            ClusterMetadata metadata = await call.Cluster.RefreshAsync(null, cancellation: call.Cancellation);
            var listing = new Listing("topic", "partitions", "replication factor", "topic id");
            foreach (TopicInfo topic in metadata.Topics.Values.Where(t => call.Get(withInternal) || !t.IsInternal).OrderBy(t => t.Name, StringComparer.Ordinal))
            {
                listing.Add(topic.Name, topic.Partitions.Count, topic.Partitions.Max(p => (int?)p.Replicas.Count), topic.Id.IsZero ? null : topic.Id.ToString());
            }

            listing.Write(call.Json, "There are no topics.");
            return ExitCode.Success;
        });
        return command;
    }
}
