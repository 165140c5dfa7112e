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

    [Fact]
    public void No_feature_is_raised_while_a_voter_has_not_said_what_it_supports()
    {
        UpdateFeaturesRequest request = new() { FeatureUpdates = [new() { Feature = MetadataVersion.Feature, MaxVersionLevel = 23, UpgradeType = 1 }] };
        ControllerContext context = _world.Context with { Voters = [1, 2] };
        UpdateFeaturesResponse refused = UpdateFeatures.Decide(context, request, 2).Response;
        Assert.Equal(ErrorCode.InvalidUpdateVersion, refused.ErrorCode);
        Assert.Contains("controller 2 has not registered", refused.ErrorMessage);

        _world.Do(state => RegisterController.Decide(state, new ControllerRegistrationRequest
        {
            ControllerId = 2,
            Features = [.. FeatureTable.Supported.Select(each => new ControllerRegistrationRequest.Feature { Name = each.Key, MinSupportedVersion = each.Value.Lowest, MaxSupportedVersion = each.Value.Highest })],
        }));
        Assert.Equal(ErrorCode.None, UpdateFeatures.Decide(_world.Context with { Voters = [1, 2] }, request, 2).Response.ErrorCode);
    }

    [Fact]
    public void Who_was_eligible_beside_a_leader_is_not_trusted_when_eligible_replicas_are_kept_again()
    {
        World world = new(brokers: 3);
        int[] replicas = [.. world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2")).Partitions[0].Replicas];
        world.Fence(replicas[1]);
        world.Fence(replicas[2]);
        Assert.NotEmpty(world.Partition("a").EligibleLeaderReplicas);

        Assert.Equal(ErrorCode.None, Update(world, 2, (FeatureTable.EligibleLeaderReplicas, 0)).ErrorCode);

        Assert.Empty(world.Partition("a").EligibleLeaderReplicas);
        Assert.Equal(replicas[0], world.Partition("a").Leader);
    }

    [Fact]
    public void Who_is_eligible_where_nobody_leads_leads_also_when_eligible_replicas_are_kept_no_more()
    {
        World world = new(brokers: 3);
        int[] replicas = [.. world.CreateTopic("a", 1, 3, ("min.insync.replicas", "2")).Partitions[0].Replicas];
        Array.ForEach(replicas, world.Fence);
        Assert.Equal(ErrorCode.None, Update(world, 2, (FeatureTable.EligibleLeaderReplicas, 0)).ErrorCode);

        world.Heartbeat(replicas[2]);

        PartitionImage after = world.Partition("a");
        Assert.Equal((replicas[2], replicas[2]), (after.Leader, Assert.Single(after.Isr)));
        Assert.Empty(after.EligibleLeaderReplicas);
    }

    private UpdateFeaturesResponse Update(params (string Feature, short Level)[] updates) => Update(1, updates);

    private UpdateFeaturesResponse Update(sbyte way, params (string Feature, short Level)[] updates) => Update(_world, way, updates);

    private static UpdateFeaturesResponse Update(World world, sbyte way, params (string Feature, short Level)[] updates)
    {
        var request = new UpdateFeaturesRequest
        {
            FeatureUpdates = [.. updates.Select(each => new UpdateFeaturesRequest.FeatureUpdateKey { Feature = each.Feature, MaxVersionLevel = each.Level, UpgradeType = way })],
        };
        return world.Do(context => UpdateFeatures.Decide(context, request, 2));
    }
}
