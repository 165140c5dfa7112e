namespace Tidemark.Broker.Links;

/// <summary>How a connection to another node, or the attempt to make one, ended.</summary>
public enum LinkEnd
{
    /// <summary>The host is there and nobody listens on the port: the process is gone, or not yet up.</summary>
    Refused,

    /// <summary>No connection came about for another reason: no such name, no route, no answer in time. Or nothing came through any more on one that was there.</summary>
    Unreachable,

    /// <summary>The peer, or what lies between, ended a connection that was there.</summary>
    ClosedByPeer,

    /// <summary>This node ended it.</summary>
    ClosedHere,

    /// <summary>The peer broke the protocol: a frame too large, one that nobody asked for, or one that cannot be read.</summary>
    Faulty,
}
