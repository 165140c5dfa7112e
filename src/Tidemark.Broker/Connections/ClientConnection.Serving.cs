using Microsoft.Extensions.Logging;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

public sealed partial class ClientConnection
{
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
        catch (Exception e) when (e is not InvariantViolationException)
        {
            Fail(request, e);
        }
    }

    /// <summary>
    /// The one place where an exception of a handler ends. A malformed request ends the connection. Anything else is the broker's own
    /// failure: logged whole, and answered UNKNOWN_SERVER_ERROR; the client cannot be told more.
    /// </summary>
    internal void Fail(Request request, Exception e)
    {
        if (e is ProtocolException)
        {
            ConnectionLog.Malformed(_services.Log, Info.Id, Info.RemoteAddress, Info.RemotePort, request.Api, request.ApiVersion, e.Message);
            request.Close("malformed request");
            return;
        }

        Report(request, e);
        try
        {
            if (request.TryRefuse(_services.Table.Find((short)request.Api)!, ErrorCode.UnknownServerError))
            {
                return;
            }
        }
        catch (Exception again) when (again is not InvariantViolationException)
        {
            Report(request, again);
        }

        request.Close("the request failed inside the broker");
    }

    /// <summary>Logs what a handler threw.</summary>
    internal void Report(Request request, Exception e) =>
        ConnectionLog.HandlerFailed(_services.Log, e, request.Api, request.ApiVersion, Info.RemoteAddress, Info.RemotePort);

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
}
