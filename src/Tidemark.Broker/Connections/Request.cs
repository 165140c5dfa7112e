using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

/// <summary>
/// One request on its way through the broker, and the place of its answer in the connection's order. It owns the frame's buffer until
/// <see cref="ReleaseFrame"/> or the answer, whichever comes first. Exactly one of the answering members is called, once, on any thread.
/// </summary>
public sealed class Request
{
    /// <summary>Most answers (produce, offsets, heartbeats) fit, so most buffers never grow.</summary>
    private const int SmallAnswer = 256;

    private readonly ClientConnection _connection;
    private InboundFrame? _frame;
    private int _answered;
    private bool _foundNoController;

    internal Request(ClientConnection connection, InboundFrame frame, in RequestHead head, int bodyStart, bool letsLaterRequestsPass)
    {
        _connection = connection;
        _frame = frame;
        Api = (ApiKey)head.ApiKey;
        ApiVersion = head.ApiVersion;
        CorrelationId = head.CorrelationId;
        ClientId = connection.ClientId;
        Body = frame.Bytes[bodyStart..];
        LetsLaterRequestsPass = letsLaterRequestsPass;
        OnNotController = connection.OnNotController;
    }

    public ApiKey Api { get; }

    public short ApiVersion { get; }

    public int CorrelationId { get; }

    public string? ClientId { get; }

    /// <summary>The request after its header. Not to be touched once the frame was released.</summary>
    public Memory<byte> Body { get; }

    /// <summary>The request with its header, as it came. Not to be touched once the frame was released.</summary>
    public ReadOnlyMemory<byte> Whole => Volatile.Read(ref _frame)?.Bytes ?? throw new InvalidOperationException("the request's bytes were given back");

    /// <summary>The client that sent it.</summary>
    public ClientConnection Connection => _connection;

    /// <summary>
    /// Called instead of giving an answer that says that this node is not the controller, by who can ask the one that is; the request is
    /// then as it was before it was handled. Null where the client is to be told.
    /// </summary>
    internal Action<Request>? OnNotController { get; set; }

    /// <summary>Guarded by the connection once the request is being handled.</summary>
    internal bool LetsLaterRequestsPass { get; set; }

    /// <summary>What is to be sent, once answered; null for an answer that is none.</summary>
    internal OutboundFrame? Answer { get; private set; }

    internal bool IsAnswered { get; private set; }

    /// <summary>Set: the connection ends when this request's turn comes.</summary>
    internal string? CloseReason { get; private set; }

    /// <summary>Gives the request's bytes back early, for requests that wait long after they were read.</summary>
    public void ReleaseFrame() => Interlocked.Exchange(ref _frame, null)?.Dispose();

    /// <summary>
    /// To be called while the request is being handled, by a handler that otherwise lets later requests pass: they are held back until
    /// <see cref="LetLaterRequestsPass"/>, or the answer.
    /// </summary>
    public void HoldLaterRequests() => _connection.Hold(this);

    /// <summary>What later requests had to wait for has happened.</summary>
    public void LetLaterRequestsPass() => _connection.LetPass(this);

    /// <summary>A buffer with the size prefix and the response's header in it, to which the body is appended.</summary>
    public WireWriter BeginResponse(int sizeHint = SmallAnswer)
    {
        var writer = new WireWriter(sizeHint);
        ResponseHead.Write(writer, Api, ApiVersion, CorrelationId);
        return writer;
    }

    /// <summary>Answers with what was written after <see cref="BeginResponse"/>; takes over the writer.</summary>
    public void Respond(WireWriter writer)
    {
        ResponseHead.SetSize(writer, writer.Length);
        Respond(new OutboundFrame([OutboundPart.Of(writer.WrittenMemory)], [writer]));
    }

    /// <summary>Takes note of the error that the answer will carry for the whole request, and returns it.</summary>
    public ErrorCode Noting(ErrorCode error)
    {
        _foundNoController = error == ErrorCode.NotController;
        return error;
    }

    /// <summary>Answers with a message in the version of the request.</summary>
    public void Respond(IMessage response)
    {
        if (_foundNoController && OnNotController is { } askElsewhere)
        {
            _foundNoController = false;
            askElsewhere(this);
            return;
        }

        Respond(response, ApiVersion);
    }

    internal void Respond(IMessage response, short version)
    {
        WireWriter writer = BeginResponse();
        try
        {
            response.Write(writer, version);
        }
        catch
        {
            writer.Dispose();
            throw;
        }

        Respond(writer);
    }

    /// <summary>Answers with a whole frame, size prefix included.</summary>
    public void Respond(OutboundFrame frame)
    {
        Claim();
        _connection.Complete(this, frame);
    }

    /// <summary>Ends a request that gets no answer (acks=0).</summary>
    public void RespondNothing()
    {
        Claim();
        _connection.Complete(this, null);
    }

    /// <summary>Ends the request and its connection without an answer; what was asked before is still answered.</summary>
    public void Close(string reason)
    {
        if (Interlocked.Exchange(ref _answered, 1) == 0)
        {
            ReleaseFrame();
            CloseReason = reason;
            _connection.EndWith(this);
        }
    }

    /// <summary>Answers the whole request with an error; false when it was answered already, or its bytes given back and nobody knows what was asked.</summary>
    internal bool TryRefuse(IRequestHandler handler, ErrorCode error)
    {
        if (Volatile.Read(ref _answered) != 0 || Volatile.Read(ref _frame) is null)
        {
            return false;
        }

        handler.Refuse(this, error);
        return true;
    }

    internal void MarkAnswered(OutboundFrame? answer)
    {
        Answer = answer;
        IsAnswered = true;
    }

    private void Claim()
    {
        Invariant.Require(Interlocked.Exchange(ref _answered, 1) == 0);
        ReleaseFrame();
    }
}
