using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Primitives;

namespace Tidemark.Metadata.Commands;

/// <summary>All that a command may look at: the committed state, the controller's configuration, the time, and a source of ids.</summary>
/// <param name="Image">The state with every earlier command's records in it.</param>
/// <param name="Config">The controller's configuration, with what is set at run time.</param>
/// <param name="NodeId">The controller's own node.</param>
/// <param name="ClusterId">The cluster's id, as the node's directories name it.</param>
/// <param name="NowMs">Unix time in milliseconds.</param>
/// <param name="NextOffset">The place that the command's first record will get in the log.</param>
/// <param name="NewId">Gives a new random id each time.</param>
public sealed record ControllerContext(
    MetadataImage Image,
    BrokerConfig Config,
    int NodeId,
    string ClusterId,
    long NowMs,
    Offset NextOffset,
    Func<Uuid> NewId)
{
    /// <summary>Monotonic time in milliseconds, by which sessions are measured: the wall clock may jump.</summary>
    public long UptimeMs { get; init; }

    /// <summary>
    /// True where another node could have been elected without this one's knowledge. What only the leader may say must then be committed first: a
    /// majority that follows is the proof that it led when it was asked.
    /// </summary>
    public bool MayBeReplaced { get; init; }

    /// <summary>The level of the feature kraft.version, which the quorum keeps and not the image.</summary>
    public short KRaftVersion { get; init; }

    /// <summary>The controllers that vote.</summary>
    public IReadOnlyList<int> Voters { get; init; } = [];

    public MetadataVersion Version => Image.Version;

    /// <summary>True when a request that has to be answered within this many milliseconds comes too late, as Kafka sees it.</summary>
    public static bool IsTooLate(int timeoutMs) => timeoutMs <= 0;

    /// <summary>What a request gets that came too late.</summary>
    public const string TooLate = "The request's timeout had passed before the controller came to it.";
}
