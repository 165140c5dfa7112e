namespace Tidemark.Broker.Partitions;

/// <summary>The topics that the broker keeps for itself.</summary>
public static class InternalTopics
{
    public const string ConsumerOffsets = "__consumer_offsets";
    public const string TransactionState = "__transaction_state";
    public const string ShareGroupState = "__share_group_state";
    public const string ClusterMetadata = "__cluster_metadata";

    public static bool Contains(string name) => name is ConsumerOffsets or TransactionState or ShareGroupState;
}
