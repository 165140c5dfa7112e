using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;
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
public sealed class ClientConnection : IConnectionHandler
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

    /// <summary>True when no request is without an answer.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return _unanswered.Count == 0 && !_serving;
            }
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

            if (_barrier == request)
            {
                _barrier = null;
                if (!_serving && _heldBack is not null && _heldBack.TryDequeue(out next))
                {
                    _serving = true;
                }
            }
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

    private void Serve(InboundFrame? frame)
    {
        bool last = false;
        while (frame is not null)
        {
            ServeOne(frame);
            lock (_lock)
            {
                if (_barrier is not null || _heldBack is null || !_heldBack.TryDequeue(out frame))
                {
                    frame = null;
                    _serving = false;
                    last = _closing && _unanswered.Count == 0 && _drainReason is not null;
                }
            }
        }

        if (last)
        {
            _transport.Close(_drainReason!);
        }
    }

    private void ServeOne(InboundFrame frame)
    {
        if (!RequestHead.TryRead(frame.Bytes.Span, out RequestHead head))
        {
            CloseNow(frame, $"a request of {frame.Length} bytes is shorter than any header");
            return;
        }

        IRequestHandler? handler = _services.Table.Find(head.ApiKey);
        if (handler is null)
        {
            CloseNow(frame, $"API key {head.ApiKey} is not served");
            return;
        }

        if (head.ApiVersion < handler.LowestVersion || head.ApiVersion > handler.HighestVersion)
        {
            if (head.ApiKey == (short)ApiKey.ApiVersions)
            {
                AnswerUnknownApiVersionsVersion(frame, head);
            }
            else
            {
                CloseNow(frame, $"version {head.ApiVersion} of API key {head.ApiKey} is not served ({handler.LowestVersion} to {handler.HighestVersion} are)");
            }

            return;
        }

        Request request;
        try
        {
            int bodyStart = ReadClientId(frame.Bytes, head);
            request = new Request(this, frame, head, bodyStart, handler.LetsLaterRequestsPass);
        }
        catch (ProtocolException e)
        {
            CloseNow(frame, $"malformed request header: {e.Message}");
            return;
        }

        lock (_lock)
        {
            _unanswered.Enqueue(request);
        }

        Handle(handler, request);
        lock (_lock)
        {
            if (!request.IsAnswered && !request.LetsLaterRequestsPass)
            {
                _barrier = request;
            }
        }
    }

    private void Handle(IRequestHandler handler, Request request)
    {
        try
        {
            handler.Handle(request);
        }
        catch (ProtocolException e)
        {
            ConnectionLog.Malformed(_services.Log, Info.Id, Info.RemoteAddress, Info.RemotePort, request.Api, request.ApiVersion, e.Message);
            request.Close("malformed request");
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            Fail(request, e);
        }
    }

    /// <summary>The one place where an exception of a handler ends: logged whole; the client cannot be told more than that it failed.</summary>
    internal void Fail(Request request, Exception e)
    {
        ConnectionLog.HandlerFailed(_services.Log, e, request.Api, request.ApiVersion, Info.RemoteAddress, Info.RemotePort);
        request.Close("the request failed inside the broker");
    }

    private void AnswerUnknownApiVersionsVersion(InboundFrame frame, in RequestHead head)
    {
        var request = new Request(this, frame, head with { ApiVersion = 0 }, RequestHead.Length, letsLaterRequestsPass: true);
        lock (_lock)
        {
            _unanswered.Enqueue(request);
        }

        Handlers.ApiVersionsHandler.AnswerUnsupportedVersion(request);
    }

    private int ReadClientId(Memory<byte> frame, in RequestHead head)
    {
        int bodyStart = RequestHeaderTail.Read(frame.Span, head, out ReadOnlySpan<byte> clientId, out bool isNull);
        if (isNull)
        {
            ClientId = null;
        }
        else if (ClientId is null || !clientId.SequenceEqual(_clientIdBytes))
        {
            // Clients send the same id with every request: one string is enough for all of them.
            _clientIdBytes = clientId.ToArray();
            ClientId = System.Text.Encoding.UTF8.GetString(clientId);
        }

        return bodyStart;
    }

    private void CloseNow(InboundFrame frame, string reason)
    {
        var end = new Request(this, frame, default, 0, letsLaterRequestsPass: true);
        lock (_lock)
        {
            _unanswered.Enqueue(end);
        }

        ConnectionLog.Refused(_services.Log, Info.Id, Info.RemoteAddress, Info.RemotePort, reason);
        end.Close(reason);
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
