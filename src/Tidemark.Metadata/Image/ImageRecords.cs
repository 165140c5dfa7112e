using Tidemark.Metadata.Records;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Image;

/// <summary>
/// Turns an image into the records of a snapshot. Features come first, because their level says how the others are written;
/// replaying all of them onto the empty image gives the same image.
/// </summary>
public static class ImageRecords
{
    public static IEnumerable<MetadataRecord> Of(MetadataImage image)
    {
        MetadataVersion version = image.Version;
        return Features(image)
            .Concat(image.Brokers.Values.Select(broker => new MetadataRecord(broker.ToRecord(version), version.RegisterBrokerRecordVersion)))
            .Concat(image.Controllers.Values.Select(controller => Plain(controller.ToRecord())))
            .Concat(Topics(image, version))
            .Concat(Configs(image))
            .Concat(Quotas(image))
            .Concat(ProducerIds(image))
            .Concat(image.AccessRules.Values.Select(rule => Plain(rule)))
            .Concat(Credentials(image))
            .Concat(image.DelegationTokens.Values.Select(token => Plain(token)));
    }

    private static MetadataRecord Plain(IMetadataRecord message) => new(message, 0);

    private static IEnumerable<MetadataRecord> Features(MetadataImage image)
    {
        // The metadata version leads, the rest stands in the order of the names.
        foreach ((string name, short level) in image.Features.OrderBy(feature => feature.Key != MetadataVersion.Feature))
        {
            yield return Plain(new FeatureLevelRecord { Name = name, FeatureLevel = level });
        }
    }

    private static IEnumerable<MetadataRecord> Topics(MetadataImage image, MetadataVersion version)
    {
        foreach (TopicImage topic in image.Topics.InOrder())
        {
            yield return Plain(new TopicRecord { Name = topic.Name, TopicId = topic.Id });
            foreach (PartitionImage partition in topic.Partitions)
            {
                yield return new MetadataRecord(partition.ToRecord(topic.Id, version), version.PartitionRecordVersion);
            }
        }
    }

    private static IEnumerable<MetadataRecord> Configs(MetadataImage image)
    {
        foreach ((ConfigResource resource, var values) in image.Configs)
        {
            foreach ((string name, string value) in values)
            {
                yield return Plain(new ConfigRecord
                {
                    ResourceType = (sbyte)resource.Type,
                    ResourceName = resource.Name,
                    Name = name,
                    Value = value,
                });
            }
        }
    }

    private static IEnumerable<MetadataRecord> Quotas(MetadataImage image)
    {
        foreach ((QuotaEntity entity, var values) in image.ClientQuotas)
        {
            foreach ((string key, double value) in values)
            {
                yield return Plain(new ClientQuotaRecord { Entity = EntityOf(entity), Key = key, Value = value });
            }
        }
    }

    internal static List<ClientQuotaRecord.EntityData> EntityOf(QuotaEntity entity) =>
        [.. entity.Parts.Select(part => new ClientQuotaRecord.EntityData { EntityType = part.Key, EntityName = part.Value })];

    private static IEnumerable<MetadataRecord> ProducerIds(MetadataImage image)
    {
        if (image.NextProducerId >= 0)
        {
            yield return Plain(new ProducerIdsRecord { BrokerId = -1, BrokerEpoch = -1, NextProducerId = image.NextProducerId });
        }
    }

    private static IEnumerable<MetadataRecord> Credentials(MetadataImage image)
    {
        foreach ((ScramUser user, ScramCredentialImage credential) in image.ScramCredentials)
        {
            yield return Plain(new UserScramCredentialRecord
            {
                Name = user.Name,
                Mechanism = user.Mechanism,
                Salt = credential.Salt,
                StoredKey = credential.StoredKey,
                ServerKey = credential.ServerKey,
                Iterations = credential.Iterations,
            });
        }
    }
}
