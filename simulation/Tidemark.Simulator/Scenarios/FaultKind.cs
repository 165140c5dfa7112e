namespace Tidemark.Simulator.Scenarios;

/// <summary>What can go wrong in a scenario.</summary>
public enum FaultKind
{
    /// <summary>kill -9, and a start some time later.</summary>
    Kill,

    /// <summary>A machine loses power with all that was not flushed, and comes back.</summary>
    PowerLoss,

    /// <summary>SIGSTOP and SIGCONT.</summary>
    Pause,

    /// <summary>One connection breaks.</summary>
    BrokenConnection,

    /// <summary>For a while connections break and frames are cut off by chance.</summary>
    FlakyNetwork,

    /// <summary>A host reaches another no more, while the other way is free.</summary>
    OneWay,

    /// <summary>A node is cut off from all others.</summary>
    Isolation,

    /// <summary>The hosts fall into two groups, with bridges that reach both.</summary>
    Partition,

    /// <summary>A way between two hosts is slow.</summary>
    SlowLink,

    /// <summary>A node is cut off from all other nodes and from no client, for so long that another takes over what it leads.</summary>
    LeaderCutOff,
}
