namespace Tidemark.Chaos.Faults;

/// <summary>What is done to the nodes in one round.</summary>
public enum FaultKind
{
    /// <summary>kill -9 of one node, which is started again.</summary>
    Kill,

    /// <summary>kill -9 of all nodes at once.</summary>
    KillAll,

    /// <summary>SIGSTOP, later SIGCONT.</summary>
    Freeze,

    /// <summary>SIGTERM; the node hands over, ends and is started again.</summary>
    Stop,

    /// <summary>One node's packets reach nobody, and nobody's reach it.</summary>
    Isolate,

    /// <summary>What one node sends another is lost; the other direction works.</summary>
    OneWay,

    /// <summary>One log directory of a node has no space left for a while; then the node is started again.</summary>
    FullDisk,

    /// <summary>One node is killed and loses the ends of its logs that were not flushed, as in a loss of power.</summary>
    CutTail,
}
