using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;
using Tidemark.Broker.Producing;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

/// <summary>
/// The broker's side of one connection: turns frames into requests, hands them to their handlers, and sends the answers in the order in
/// which the requests came, whatever the order in which they become ready.
///
/// Requests are served one after another. One that waits (acks=all, long poll) lets later ones pass when its handler allows it; any
/// other that waits holds them back, so that a pipelining client sees its own changes. The number of requests without an answer is
/// bounded; beyond it nothing more is read.
/// </summary>
public sealed partial class ClientConnection : IConnectionHandler
{
    /// <summary>Java producers keep 5 requests in flight, librdkafka up to 1,000,000 by default; this many is enough to fill any link.</summary>
    public const int UnansweredMax = 64;

    private readonly ConnectionServices _services;
    private readonly IConnectionTransport _transport;
    private readonly Lock _lock = new();
    private readonly Queue<Request> _unanswered = new();
    private Queue<InboundFrame>? _heldBack;
    private Request? _barrier;
    private byte[] _clientIdBytes = [];
    private string? _drainReason;
    private bool _serving;
    private bool _sending;
    private bool _syncingReads;
    private bool _readsPaused;
    private bool _closing;
    private bool _closed;

    public ClientConnection(ConnectionInfo info, IConnectionTransport transport, ConnectionServices services)
    {
        Info = info;
        _transport = transport;
        _services = services;
    }

    public ConnectionInfo Info { get; }

    /// <summary>When it was accepted, a timestamp of the broker's monotonic clock.</summary>
    public long AcceptedAt { get; init; }

    /// <summary>What <see cref="Request.OnNotController"/> of this connection's requests is to begin with.</summary>
    internal Action<Request>? OnNotController { get; init; }

    /// <summary>Null until a batch of an idempotent producer is refused; only the request that is served looks at it.</summary>
    internal RefusedBatches? RefusedBatches { get; set; }

    /// <summary>The client id of the latest request.</summary>
    public string? ClientId { get; private set; }

    /// <summary>What the client calls its software in ApiVersions (KIP-511); null until it does.</summary>
    public string? SoftwareName { get; set; }

    public string? SoftwareVersion { get; set; }

    public void OnFrame(InboundFrame frame)
    {
        lock (_lock)
        {
            if (_closing || _closed)
            {
                frame.Dispose();
                return;
            }

            if (_serving || _barrier is not null)
            {
                (_heldBack ??= new()).Enqueue(frame);
                frame = null!;
            }
            else
            {
                _serving = true;
            }
        }

        if (frame is not null)
        {
            Serve(frame);
        }

        SyncReads();
    }

    public void OnClosed()
    {
        Request[] abandoned;
        lock (_lock)
        {
            _closed = true;
            abandoned = [.. _unanswered];
            _unanswered.Clear();
            DropHeldBack();
        }

        foreach (Request request in abandoned)
        {
            request.Answer?.Dispose();
        }

        _services.OnClosed(this);
    }

    /// <summary>Takes no further requests, answers those it has, then ends the connection.</summary>
    public void Drain(string reason)
    {
        bool idle;
        lock (_lock)
        {
            if (_closing || _closed)
            {
                return;
            }

            _closing = true;
            _drainReason = reason;
            DropHeldBack();
            idle = _unanswered.Count == 0 && !_serving;
        }

        if (idle)
        {
            _transport.Close(reason);
        }
    }

    public bool HasRequestsInHand
    {
        get
        {
            lock (_lock)
            {
                return _unanswered.Count > 0 || _serving || _sending;
            }
        }
    }

    /// <summary>The request closes the connection when its turn to be answered comes; nothing after it is served.</summary>
    internal void EndWith(Request request)
    {
        lock (_lock)
        {
            _closing = true;
            DropHeldBack();
        }

        Complete(request, null);
    }

    internal void Hold(Request request)
    {
        lock (_lock)
        {
            request.LetsLaterRequestsPass = false;
        }
    }

    internal void LetPass(Request request)
    {
        InboundFrame? next = null;
        lock (_lock)
        {
            request.LetsLaterRequestsPass = true;
            next = EndBarrier(request);
        }

        if (next is not null)
        {
            Serve(next);
        }

        SyncReads();
    }

    internal void Complete(Request request, OutboundFrame? answer)
    {
        bool send = false;
        InboundFrame? next = null;
        lock (_lock)
        {
            if (_closed)
            {
                answer?.Dispose();
                request.MarkAnswered(null);
            }
            else
            {
                request.MarkAnswered(answer);
                if (!_sending)
                {
                    send = _sending = true;
                }
            }

            next = EndBarrier(request);
        }

        if (send)
        {
            SendReady();
        }

        if (next is not null)
        {
            Serve(next);
        }

        SyncReads();
    }

    /// <summary>Under the lock: what was held back behind the request is served from now on, the first by the caller.</summary>
    private InboundFrame? EndBarrier(Request request)
    {
        if (_barrier != request)
        {
            return null;
        }

        _barrier = null;
        InboundFrame? next = null;
        _serving = !_serving && _heldBack is not null && _heldBack.TryDequeue(out next) || _serving;
        return next;
    }

    private void SendReady()
    {
        while (true)
        {
            Request head;
            string? end = null;
            lock (_lock)
            {
                if (_closed || !_unanswered.TryPeek(out head!) || !head.IsAnswered)
                {
                    _sending = false;
                    return;
                }

                _unanswered.Dequeue();
                end = head.CloseReason ?? (_closing && _unanswered.Count == 0 && !_serving ? _drainReason : null);
            }

            if (head.Answer is { } answer)
            {
                _transport.Send(answer);
            }

            if (end is not null)
            {
                _transport.Close(end);
            }
        }
    }

    /// <summary>Pauses or resumes reading to match the queues; one thread at a time, so that the last call tells the last state.</summary>
    private void SyncReads()
    {
        while (true)
        {
            bool pause;
            lock (_lock)
            {
                int held = _heldBack?.Count ?? 0;
                pause = held > 0 || _unanswered.Count >= (_readsPaused ? UnansweredMax / 2 : UnansweredMax);
                if (_closed || _syncingReads || pause == _readsPaused)
                {
                    return;
                }

                _readsPaused = pause;
                _syncingReads = true;
            }

            if (pause)
            {
                _transport.PauseReading();
            }
            else
            {
                _transport.ResumeReading();
            }

            lock (_lock)
            {
                _syncingReads = false;
            }
        }
    }

    private void DropHeldBack()
    {
        while (_heldBack is not null && _heldBack.TryDequeue(out InboundFrame? frame))
        {
            frame.Dispose();
        }
    }
}
