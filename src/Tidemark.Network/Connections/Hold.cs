namespace Tidemark.Network.Connections;

/// <summary>Why a connection is not read from. It is read from when there is no reason left.</summary>
[Flags]
internal enum Hold : byte
{
    None = 0,

    /// <summary>The broker has enough of its requests in hand.</summary>
    Broker = 1,

    /// <summary>The peer does not take its answers.</summary>
    Answers = 2,

    /// <summary>The broker has closed the connection: it ends once what was sent is out.</summary>
    Closing = 4,

    /// <summary>The network stops: the connection ends once the requests in hand are answered.</summary>
    Stopping = 8,

    /// <summary>The peer has said that it sends no more: the connection ends once the requests in hand are answered.</summary>
    PeerDone = 16,

    /// <summary>The peer's next request waits for its part of what requests may take.</summary>
    Memory = 32,

    /// <summary>All reasons that lead to the connection's end.</summary>
    Ends = Closing | Stopping | PeerDone,
}
