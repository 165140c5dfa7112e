using Tidemark.Metadata.Image;
using Tidemark.Simulator.Clients.Copying;
using Tidemark.Simulator.Clusters;
using Tidemark.Storage.Logs;

namespace Tidemark.Simulator.Checking;

/// <summary>Brings together what the copiers' check compares: the logs of the leaders, once all is at rest.</summary>
internal sealed class CopyAudit(SimulatedCluster cluster, MetadataImage newest, CopyCheck check, MarkerCheck markers)
{
    public void Compare(IReadOnlyDictionary<(string Group, int Partition), long> committed)
    {
        string[][] source = [.. LogsOf(CopyTopics.Source).Select(each => ValuesOf(each.Log))];
        foreach (string group in CopyTopics.Groups)
        {
            check.Compare(group, source, partition => committed.GetValueOrDefault((group, partition)), [.. LogsOf(CopyTopics.SinkOf(group))]);
        }
    }

    public void CompareMarkers()
    {
        foreach ((_, PartitionLog decisions) in LogsOf("__transaction_state"))
        {
            markers.Learn(decisions);
        }

        foreach ((PartitionId id, PartitionLog log) in CopyTopics.Groups.Select(CopyTopics.SinkOf).Append("__consumer_offsets").SelectMany(LogsOf))
        {
            markers.Compare(id, log);
        }
    }

    private static string[] ValuesOf(PartitionLog log)
    {
        var values = new List<string>();
        StoredBatches.Read(log, log.LogStart.Value, log.LogEndOffset.Value, (_, value) => values.Add(value));
        return [.. values];
    }

    private IEnumerable<(PartitionId Id, PartitionLog Log)> LogsOf(string topic)
    {
        // The coordinators' topics are there when somebody has asked for a coordinator.
        if (newest.Topics.Find(topic) is not { } image)
        {
            return [];
        }

        return image.Partitions.Select(partition =>
        {
            var id = new PartitionId(topic, image.Id, partition.Id);
            return (id, cluster[partition.Leader].Broker!.Partitions.Find(new(topic, partition.Id))!.Log!);
        });
    }
}
