namespace Tidemark.Broker.Connections;

/// <summary>Where a connection came from and on which listener.</summary>
public sealed record ConnectionInfo(long Id, string ListenerName, string RemoteAddress, int RemotePort, bool IsLoopback);

/// <summary>The network's side of a connection, as the broker sees it. All members may be called on any thread.</summary>
public interface IConnectionTransport
{
    /// <summary>Sends a whole frame, size prefix included, after those sent before; takes over the frame and disposes it.</summary>
    void Send(OutboundFrame frame);

    /// <summary>Stops taking frames from the peer until <see cref="ResumeReading"/>: the broker has enough of them in hand.</summary>
    void PauseReading();

    void ResumeReading();

    /// <summary>Ends the connection once what was sent before is out, with a reason for the log.</summary>
    void Close(string reason);
}

/// <summary>The broker's side of a connection. The network calls it from one thread at a time.</summary>
public interface IConnectionHandler
{
    /// <summary>Takes over one request, without its size prefix, and disposes it when its bytes are no longer needed.</summary>
    void OnFrame(InboundFrame frame);

    /// <summary>
    /// True while requests taken over are not yet answered, or not yet carried out where they get no answer: a connection whose peer
    /// sends no more, or whose broker stops, is kept open for them. May be read on any thread.
    /// </summary>
    bool HasRequestsInHand => false;

    /// <summary>The last call: the peer is gone or was cut off.</summary>
    void OnClosed();
}

/// <summary>The door through which the network (or the simulator) enters the broker.</summary>
public interface IConnectionAcceptor
{
    IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport);
}
