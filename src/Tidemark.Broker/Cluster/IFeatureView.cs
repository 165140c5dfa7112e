namespace Tidemark.Broker.Cluster;

/// <summary>The levels of a feature that this program can run at.</summary>
public sealed record FeatureRange(string Name, short Lowest, short Highest);

/// <summary>The level of a feature that the cluster runs at.</summary>
public sealed record FeatureLevel(string Name, short Level);

/// <summary>The levels that the cluster runs at, and the offset of the metadata log as of which they do.</summary>
public sealed record FinalizedFeatures(long Epoch, IReadOnlyList<FeatureLevel> Levels);

/// <summary>The features of program and cluster (KIP-584).</summary>
public interface IFeatureView
{
    IReadOnlyList<FeatureRange> Supported { get; }

    FinalizedFeatures Finalized { get; }
}
