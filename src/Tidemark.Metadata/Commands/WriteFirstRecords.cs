using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Opens an empty metadata log: the records with which the directory was formatted, or without any the standard levels, as one transaction.
/// A cluster that keeps eligible leader replicas also gets min.insync.replicas for all brokers, because the brokers' files must not differ in it.
/// </summary>
public static class WriteFirstRecords
{
    private const string Transaction = "Bootstrap records";

    /// <param name="bootstrap">The records of the bootstrap checkpoint; empty when there is none.</param>
    public static IReadOnlyList<MetadataRecord> Decide(ControllerContext context, IReadOnlyList<MetadataRecord> bootstrap)
    {
        IReadOnlyList<MetadataRecord> first = bootstrap.Count > 0 ? bootstrap : [.. Standard(MetadataVersion.Latest)];
        MetadataImage image = MetadataImage.Empty.Apply(first, new Primitives.Offset(first.Count - 1), new Primitives.LeaderEpoch(0), context.NowMs);
        var records = new List<MetadataRecord>();
        if (image.Version.HasTransactions)
        {
            records.Add(new BeginTransactionRecord { Name = Transaction });
        }

        records.AddRange(first);
        if (image.KeepsEligibleLeaderReplicas && !image.ConfigOf(ConfigResource.AllBrokers).ContainsKey("min.insync.replicas"))
        {
            records.Add(new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Broker,
                ResourceName = "",
                Name = "min.insync.replicas",
                Value = context.Config.GetString("min.insync.replicas"),
            });
        }

        if (image.Version.HasTransactions)
        {
            records.Add(new EndTransactionRecord());
        }

        return records;
    }

    /// <summary>The records that say which features a new cluster has.</summary>
    public static IEnumerable<MetadataRecord> Standard(MetadataVersion version) =>
        FeatureTable.StandardLevels(version).Select(level => new MetadataRecord(new FeatureLevelRecord { Name = level.Key, FeatureLevel = level.Value }, 0));
}
