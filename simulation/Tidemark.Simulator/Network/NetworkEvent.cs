namespace Tidemark.Simulator.Network;

/// <summary>What can happen on a simulated network.</summary>
public enum NetworkEventKind
{
    Connecting,
    Connected,
    Refused,
    FrameArrived,
    FrameCut,
    Closed,
    Reset,

    /// <summary>What was sent does not get through; the sender goes on trying.</summary>
    Stalled,

    /// <summary>The sender has given up.</summary>
    GivenUp,
    Broken,
}

/// <summary>Something that happened between two hosts.</summary>
/// <param name="From">The host that sent what the event is about.</param>
/// <param name="Connection">The connection's number, in the order in which they were begun.</param>
/// <param name="Bytes">The size of a frame, else 0.</param>
/// <param name="Checksum">Of a frame's bytes, so that runs which differ in what is said differ in their digest.</param>
public readonly record struct NetworkEvent(NetworkEventKind Kind, string From, string To, long Connection, int Bytes, uint Checksum);
