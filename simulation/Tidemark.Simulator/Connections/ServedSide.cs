using Tidemark.Broker.Connections;

namespace Tidemark.Simulator.Connections;

/// <summary>
/// The broker's side of a connection: keeps what has arrived while the broker reads nothing, and tells it the end once. How bytes travel
/// to the other side is its owner's affair.
/// </summary>
/// <param name="callSoon">Calls the broker soon, if it is still there.</param>
/// <param name="send">Called with each answer, without its size prefix.</param>
/// <param name="close">Called when the broker ends the connection; the owner calls <see cref="End"/> when it has come about.</param>
internal sealed class ServedSide(Action<Action> callSoon, Action<byte[]> send, Action close) : IConnectionTransport
{
    private readonly Queue<byte[]> _undelivered = new();
    private IConnectionHandler? _handler;
    private bool _paused;

    /// <summary>True once either side has ended the connection.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Why the broker closed the connection; null when it did not.</summary>
    public string? CloseReason { get; private set; }

    public void Open(IConnectionAcceptor acceptor, ConnectionInfo info) => _handler = acceptor.Accept(info, this);

    /// <summary>A request has arrived, without its size prefix.</summary>
    public void Arrive(byte[] bytes)
    {
        _undelivered.Enqueue(bytes);
        Deliver();
    }

    public void End()
    {
        if (!HasEnded)
        {
            HasEnded = true;
            _undelivered.Clear();
            _handler?.OnClosed();
        }
    }

    public void Send(OutboundFrame frame)
    {
        byte[] bytes = FrameBytes.Take(frame);
        if (!HasEnded)
        {
            send(bytes);
        }
    }

    public void PauseReading() => _paused = true;

    public void ResumeReading()
    {
        if (_paused)
        {
            _paused = false;

            // Not from inside the broker's call, which may hold locks that the next frame needs.
            callSoon(Deliver);
        }
    }

    public void Close(string reason)
    {
        if (CloseReason is null && !HasEnded)
        {
            CloseReason = reason;
            close();
        }
    }

    private void Deliver()
    {
        while (!_paused && !HasEnded && CloseReason is null && _undelivered.TryDequeue(out byte[]? bytes))
        {
            _handler!.OnFrame(FrameBytes.Give(bytes));
        }
    }
}
