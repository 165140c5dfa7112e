using Tidemark.Broker.Connections;

namespace Tidemark.Broker.Links;

/// <summary>
/// How this node reaches others: sockets in a process, the simulated network in the simulator. No member of a connector or of its
/// transports raises an event before it has returned, so they may be called under the locks that the events take.
/// </summary>
public interface INodeConnector
{
    /// <summary>
    /// Begins to connect and returns at once; what comes of it is told to <paramref name="events"/>. There is no limit of time but
    /// the operating system's: who has waited enough closes the transport.
    /// </summary>
    INodeTransport Connect(NodeAddress address, INodeTransportEvents events);
}

/// <summary>A connection to another node, or one that is being made. All members may be called on any thread, at any time.</summary>
public interface INodeTransport
{
    /// <summary>
    /// Sends a whole frame, size prefix included, after those sent before; takes over the frame and disposes it. What is sent before
    /// the connection is made leaves when it is; what is sent after its end is dropped.
    /// </summary>
    void Send(OutboundFrame frame);

    /// <summary>Ends the connection at once. <see cref="INodeTransportEvents.OnClosed"/> follows, unless it was raised before.</summary>
    void Close();
}

/// <summary>What happens on a connection to another node. Called from one thread at a time.</summary>
public interface INodeTransportEvents
{
    /// <summary>
    /// The largest frame, without its size prefix, that may come next; 0 when none is expected. Asked when a frame's size is known and
    /// before memory is taken for it; a larger frame ends the connection as <see cref="LinkEnd.Faulty"/>.
    /// </summary>
    int NextFrameBytesMax { get; }

    /// <summary>The connection is made.</summary>
    void OnConnected();

    /// <summary>Takes over one frame, without its size prefix.</summary>
    void OnFrame(InboundFrame frame);

    /// <summary>The last call.</summary>
    /// <param name="reason">In words, for the log.</param>
    void OnClosed(LinkEnd why, string reason);
}
