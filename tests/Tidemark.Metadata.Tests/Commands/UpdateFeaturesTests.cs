using Tidemark.Metadata.Commands;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;

namespace Tidemark.Metadata.Tests.Commands;

/// <summary>Which levels features may get, and what they need of each other.</summary>
public sealed class UpdateFeaturesTests
{
    private readonly World _world = new();

    public UpdateFeaturesTests() => _world.Apply(
    [
        new MetadataRecord(new FeatureLevelRecord { Name = FeatureTable.EligibleLeaderReplicas, FeatureLevel = 0 }, 0),
        new MetadataRecord(new FeatureLevelRecord { Name = MetadataVersion.Feature, FeatureLevel = 22 }, 0),
    ]);

    [Fact]
    public void Eligible_leader_replicas_need_a_metadata_version_that_can_keep_them()
    {
        UpdateFeaturesResponse refused = Update((FeatureTable.EligibleLeaderReplicas, 1));
        Assert.Equal(ErrorCode.InvalidUpdateVersion, refused.ErrorCode);
        Assert.Contains("metadata.version 23 (4.0-IV1)", refused.ErrorMessage);
        Assert.Equal(ErrorCode.InvalidUpdateVersion, Update((FeatureTable.EligibleLeaderReplicas, 1), (FeatureTable.Group, 1)).ErrorCode);
        Assert.False(_world.Image.KeepsEligibleLeaderReplicas);

        Assert.Equal(ErrorCode.None, Update((MetadataVersion.Feature, 23)).ErrorCode);
        Assert.Equal(ErrorCode.None, Update((FeatureTable.EligibleLeaderReplicas, 1)).ErrorCode);
        Assert.True(_world.Image.KeepsEligibleLeaderReplicas);
    }

    [Fact]
    public void A_feature_is_raised_together_with_the_metadata_version_that_it_needs()
    {
        Assert.Equal(ErrorCode.None, Update((FeatureTable.EligibleLeaderReplicas, 1), (MetadataVersion.Feature, 23)).ErrorCode);

        Assert.True(_world.Image.KeepsEligibleLeaderReplicas);
        Assert.Equal(23, _world.Image.Version.Level);
    }

    private UpdateFeaturesResponse Update(params (string Feature, short Level)[] updates)
    {
        var request = new UpdateFeaturesRequest
        {
            FeatureUpdates = [.. updates.Select(each => new UpdateFeaturesRequest.FeatureUpdateKey { Feature = each.Feature, MaxVersionLevel = each.Level, UpgradeType = 1 })],
        };
        return _world.Do(context => UpdateFeatures.Decide(context, request, 2));
    }
}
