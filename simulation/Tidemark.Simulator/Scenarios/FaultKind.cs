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

    /// <summary>For a while frames are lost, with their connections.</summary>
    LostFrames,

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

    /// <summary>For a while frames end in the middle, and with them their connections.</summary>
    CutFrames,

    /// <summary>For a while some frames come late.</summary>
    LateFrames,

    /// <summary>SIGTERM: a node gives its leaderships away, stops in good order, and is started again.</summary>
    GracefulStop,

    /// <summary>All machines that have a partition in sync, or all that there are, lose power at once.</summary>
    Blackout,

    /// <summary>A machine loses power, and bits flip in what was not flushed.</summary>
    DamagedTail,

    /// <summary>A disk takes its time for everything that is flushed.</summary>
    SlowDisk,

    /// <summary>A log directory can be written no more, or not be read either; the disk is mended and the node started again.</summary>
    FailingDisk,

    /// <summary>A disk runs full; room is made and the node started again.</summary>
    FullDisk,

    /// <summary>A machine's wall clock jumps.</summary>
    ClockJump,

    /// <summary>A voter is added to the quorum or removed.</summary>
    VoterChange,

    /// <summary>What a machine sent to another is still under way when it has lost power and is back, in another life.</summary>
    EarlierLife,

    /// <summary>From one host to another only short frames get through: heartbeats and what says that there is nothing new, but neither records nor metadata.</summary>
    NarrowWay,

    /// <summary>For a while connections between nodes break for the sender of a frame, which arrives late all the same.</summary>
    AbandonedFrames,
}
