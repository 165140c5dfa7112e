namespace Tidemark.Broker.Cluster;

/// <summary>The bits in which Kafka tells a client what it may do (KIP-430). Without an authorizer everybody may do everything.</summary>
public static class AuthorizedOperations
{
    /// <summary>Not asked for.</summary>
    public const int Omitted = int.MinValue;

    /// <summary>READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS on a topic.</summary>
    public const int AllOnTopic = 3576;

    /// <summary>READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS on a group.</summary>
    public const int AllOnGroup = 3400;

    /// <summary>CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE and the token operations on the cluster.</summary>
    public const int AllOnCluster = 8096;
}
