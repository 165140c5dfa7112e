using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// Raises or lowers feature levels (KIP-584): all that is asked for, or nothing. Every node has to support the new level. The metadata version
/// is lowered only to one with the same records, because others may stand in the log. kraft.version is checked here; raising it is the quorum's own affair.
/// </summary>
public static class UpdateFeatures
{
    private const sbyte Upgrade = 1;
    private const sbyte SafeDowngrade = 2;
    private const sbyte UnsafeDowngrade = 3;

    public static Decision<UpdateFeaturesResponse> Decide(ControllerContext context, UpdateFeaturesRequest request, short version)
    {
        var records = new List<MetadataRecord>();

        // Features that need a metadata version may be raised together with it.
        MetadataVersion then = request.FeatureUpdates.Find(update => update.Feature == MetadataVersion.Feature) is { } raised
            ? new MetadataVersion(raised.MaxVersionLevel)
            : context.Image.Version;
        foreach (UpdateFeaturesRequest.FeatureUpdateKey update in request.FeatureUpdates)
        {
            sbyte kind = version == 0 ? update.AllowDowngrade ? SafeDowngrade : Upgrade : update.UpgradeType;
            if ((ProblemOf(context, update.Feature, update.MaxVersionLevel, kind) ?? FeatureTable.ProblemOf(update.Feature, update.MaxVersionLevel, then)) is { } problem)
            {
                return new Decision<UpdateFeaturesResponse>([], new UpdateFeaturesResponse
                {
                    ErrorCode = ErrorCode.InvalidUpdateVersion,
                    ErrorMessage = $"Invalid level {update.MaxVersionLevel} for feature {update.Feature}: {problem}",
                });
            }

            Append(context, update, records);
        }

        var response = new UpdateFeaturesResponse { ErrorMessage = null };
        if (version <= 1)
        {
            response.Results.AddRange(request.FeatureUpdates.Select(update => new UpdateFeaturesResponse.UpdatableFeatureResult
            {
                Feature = update.Feature,
                ErrorMessage = null,
            }));
        }

        return new Decision<UpdateFeaturesResponse>(request.ValidateOnly ? [] : records, response);
    }

    private static void Append(ControllerContext context, UpdateFeaturesRequest.FeatureUpdateKey update, List<MetadataRecord> records)
    {
        if (context.Image.Features.GetValueOrDefault(update.Feature) == update.MaxVersionLevel || update.Feature == FeatureTable.Kraft)
        {
            return;
        }

        records.Add(new FeatureLevelRecord { Name = update.Feature, FeatureLevel = update.MaxVersionLevel });
        if (update.Feature != FeatureTable.EligibleLeaderReplicas)
        {
            return;
        }

        if (update.MaxVersionLevel == 0)
        {
            ForgetEligible(context, records);
            return;
        }

        // With eligible leader replicas the number must be the same on all brokers, so it moves from their files into the log.
        if (!context.Image.ConfigOf(ConfigResource.AllBrokers).ContainsKey("min.insync.replicas"))
        {
            records.Add(new ConfigRecord
            {
                ResourceType = (sbyte)ConfigResourceType.Broker,
                ResourceName = "",
                Name = "min.insync.replicas",
                Value = context.Config.GetString("min.insync.replicas"),
            });
        }

        foreach (ConfigResource resource in context.Image.Configs.Keys)
        {
            if (resource.Type == ConfigResourceType.Broker && resource.Name.Length > 0 && context.Image.ConfigOf(resource).ContainsKey("min.insync.replicas"))
            {
                records.Add(new ConfigRecord { ResourceType = (sbyte)resource.Type, ResourceName = resource.Name, Name = "min.insync.replicas", Value = null });
            }
        }
    }

    /// <summary>
    /// Who is eligible beside a leader would not be struck off when that leader commits alone, and would be trusted when the feature comes back.
    /// Where nobody leads they may lead yet.
    /// </summary>
    private static void ForgetEligible(ControllerContext context, List<MetadataRecord> records)
    {
        foreach (TopicImage topic in context.Image.Topics.InOrder())
        {
            records.AddRange(topic.Partitions
                .Where(partition => partition.HasLeader && !partition.EligibleLeaderReplicas.IsEmpty)
                .Select(partition => new MetadataRecord(
                    new PartitionChangeRecord { PartitionId = partition.Id, TopicId = topic.Id, EligibleLeaderReplicas = [] },
                    context.Version.PartitionChangeRecordVersion)));
        }
    }

    private static string? ProblemOf(ControllerContext context, string feature, short level, sbyte kind)
    {
        MetadataImage image = context.Image;
        if (kind is not (Upgrade or SafeDowngrade or UnsafeDowngrade))
        {
            return $"upgrade type {kind} is unknown, allowed are 1 (upgrade), 2 (safe downgrade) and 3 (unsafe downgrade).";
        }

        if (!FeatureTable.Supported.TryGetValue(feature, out FeatureRange? range))
        {
            return "the feature is unknown.";
        }

        if (!range.Contains(level))
        {
            return $"allowed is {range.Lowest} to {range.Highest}.";
        }

        foreach (BrokerImage broker in image.Brokers.Values)
        {
            if (level > 0 && (!broker.Features.TryGetValue(feature, out FeatureRange? of) || !of.Contains(level)))
            {
                return $"broker {broker.Id} does not support it.";
            }
        }

        foreach (ControllerImage controller in image.Controllers.Values)
        {
            if (level > 0 && (!controller.Features.TryGetValue(feature, out FeatureRange? of) || !of.Contains(level)))
            {
                return $"controller {controller.Id} does not support it.";
            }
        }

        // It may be down, and of a version that could not read the log any more.
        if (level > 0 && image.Version.HasControllerRegistration
            && context.Voters.FirstOrDefault(id => id != context.NodeId && !image.Controllers.ContainsKey(id), -1) is >= 0 and int unknown)
        {
            return $"controller {unknown} has not registered, and may not support it.";
        }

        if (feature == FeatureTable.Kraft)
        {
            // Its level stands in control records of the quorum, which raises it by itself and never lowers it.
            return level >= context.KRaftVersion ? null : "the quorum's version cannot be lowered.";
        }

        short now = feature == MetadataVersion.Feature ? image.Version.Level : image.Features.GetValueOrDefault(feature);
        if (level > now && kind != Upgrade)
        {
            return $"it is above the level {now} in force, which takes upgrade type 1.";
        }

        if (level < now && kind == Upgrade)
        {
            return $"it is below the level {now} in force, which takes upgrade type 2 or 3.";
        }

        return level < now && feature == MetadataVersion.Feature && image.Version.HasOtherRecordsThan(new MetadataVersion(level))
            ? $"the metadata of {image.Version.Name} cannot be written in it."
            : null;
    }
}
