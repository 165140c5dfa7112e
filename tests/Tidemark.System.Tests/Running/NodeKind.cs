namespace Tidemark.System.Tests.Running;

/// <summary>What a node of a cluster is, as <c>process.roles</c> says it.</summary>
[Flags]
public enum NodeRoles
{
    Broker = 1,
    Controller = 2,
    Both = Broker | Controller,
}

/// <summary>One node of a cluster: what it is, and whose program runs it.</summary>
public readonly record struct NodeKind(NodeRoles Roles, bool IsKafka)
{
    public static NodeKind Tidemark { get; } = new(NodeRoles.Both, IsKafka: false);

    public static NodeKind Kafka { get; } = new(NodeRoles.Both, IsKafka: true);

    public static NodeKind TidemarkBroker { get; } = new(NodeRoles.Broker, IsKafka: false);

    public static NodeKind TidemarkController { get; } = new(NodeRoles.Controller, IsKafka: false);

    public bool IsBroker => Roles.HasFlag(NodeRoles.Broker);

    public bool IsController => Roles.HasFlag(NodeRoles.Controller);
}
