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

    /// <summary>As in Kafka, whichever of the two ways down is asked for.</summary>
    [Theory]
    [InlineData(22, 17, ErrorCode.None)]
    [InlineData(22, 16, ErrorCode.InvalidUpdateVersion)]
    [InlineData(29, 23, ErrorCode.None)]
    [InlineData(29, 22, ErrorCode.InvalidUpdateVersion)]
    [InlineData(30, 29, ErrorCode.InvalidUpdateVersion)]
    public void The_metadata_version_is_lowered_only_to_one_with_the_same_records(short from, short to, ErrorCode expected)
    {
        foreach (sbyte way in (sbyte[])[2, 3])
        {
            _world.Apply([new MetadataRecord(new FeatureLevelRecord { Name = MetadataVersion.Feature, FeatureLevel = from }, 0)]);
            Assert.Equal(expected, Update(way, (MetadataVersion.Feature, to)).ErrorCode);
            Assert.Equal(expected == ErrorCode.None ? to : from, _world.Image.Version.Level);
        }
    }

    private UpdateFeaturesResponse Update(params (string Feature, short Level)[] updates) => Update(1, updates);

    private UpdateFeaturesResponse Update(sbyte way, params (string Feature, short Level)[] updates)
    {
        var request = new UpdateFeaturesRequest
        {
            FeatureUpdates = [.. updates.Select(each => new UpdateFeaturesRequest.FeatureUpdateKey { Feature = each.Feature, MaxVersionLevel = each.Level, UpgradeType = way })],
        };
        return _world.Do(context => UpdateFeatures.Decide(context, request, 2));
    }
}
