using System.Buffers;
using System.Net;
using Tidemark.Broker.Connections;
using Tidemark.Network.Buffers;
using Tidemark.Network.Loops;
using Tidemark.Primitives;

namespace Tidemark.Network.Connections;

/// <summary>A connection that a peer has made to one of the listeners: requests in, answers out.</summary>
internal sealed class AcceptedConnection(EventLoop loop, IPEndPoint peer, string listenerName) : SocketConnection(loop), IConnectionTransport
{
    private IConnectionHandler? _handler;
    private long _id;
    private RequestBudget.Claim? _claim;

    protected override long QueuedBytesMax => Context.Options.QueuedAnswerBytesMax;

    protected override bool HasFramesInHand => _handler?.HasRequestsInHand == true;

    public void Open(int descriptor)
    {
        _id = Context.NextConnectionId();
        string address = peer.Address.ToString();
        NetworkLog.Opened(Context.Logger, _id, address, peer.Port, listenerName);
        try
        {
            Attach(descriptor, hasRoom: true);
            _handler = Context.Broker.Accept(
                new ConnectionInfo(_id, listenerName, address, peer.Port, IPAddress.IsLoopback(peer.Address)), this);
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            OnHandlerFailed(error);
        }
    }

    public override string? Refusal(int size)
    {
        int max = Context.Options.RequestBytesMax;
        return size > max ? $"a request of {size} bytes is over socket.request.max.bytes, {max}"
            : size <= 0 ? $"{size} is no size of a request"
            : null;
    }

    public override IMemoryOwner<byte>? TryRent(int size)
    {
        if (size < RequestBudget.CountedMin || Context.RequestBudget is not { } budget)
        {
            return base.TryRent(size);
        }

        RequestBudget.Claim claim = _claim ??= new RequestBudget.Claim(budget, size, () => Release(Hold.Memory));
        if (!claim.TryTake())
        {
            if (Context.LogRate.TryTake(out string suppressed))
            {
                NetworkLog.RequestWaits(Context.Logger, _id, peer.Address.ToString(), peer.Port, size, suppressed);
            }

            // Before it waits: its turn may come at once, and ends the hold.
            AddHold(Hold.Memory);
            claim.Wait();
            return null;
        }

        _claim = null;
        return new ClaimedBuffer(Context.Buffers.Rent(size), claim);
    }

    public void PauseReading() => AddHold(Hold.Broker);

    public void ResumeReading() => Release(Hold.Broker);

    public void Close(string reason)
    {
        AddHold(Hold.Closing, reason);
        Loop.Post(BeginEnd);
    }

    /// <summary>Reads no more; ends when the answers to what is in hand are out.</summary>
    public override void BeginStop()
    {
        AddHold(Hold.Stopping, "the broker stops");
        BeginEnd();
    }

    protected override void Handle(InboundFrame frame) => _handler!.OnFrame(frame);

    protected override void OnPeerDone()
    {
        AddHold(Hold.PeerDone);
        BeginEnd();
    }

    /// <summary>Ends the connection of a peer that breaks the rules, and says so in the log.</summary>
    protected override void CutOff(string reason)
    {
        if (Context.LogRate.TryTake(out string suppressed))
        {
            NetworkLog.CutOff(Context.Logger, _id, peer.Address.ToString(), peer.Port, reason, suppressed);
        }

        CloseNow(reason);
    }

    protected override void OnEnded(string reason)
    {
        _claim?.Dispose();
        Context.Quota.Leave(listenerName, peer.Address);
        NetworkLog.Closed(Context.Logger, _id, peer.Address.ToString(), peer.Port, reason);
        _handler?.OnClosed();
    }

    protected override void LogHandlerFailed(Exception error)
    {
        if (Context.LogRate.TryTake(out string suppressed))
        {
            NetworkLog.HandlerFailed(Context.Logger, error, _id, peer.Address.ToString(), peer.Port, suppressed);
        }
    }
}
