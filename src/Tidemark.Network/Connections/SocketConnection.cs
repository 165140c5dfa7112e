using System.Net;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Connections;
using Tidemark.Network.Loops;
using Tidemark.Network.Native;
using Tidemark.Primitives;

namespace Tidemark.Network.Connections;

/// <summary>
/// One connection. Reading, closing and the handler's calls happen on its loop's thread only; sending on any, one thread at a time.
/// The descriptor is closed on the loop's thread while nobody sends, so that its number is never used for another connection's.
/// </summary>
internal sealed partial class SocketConnection : IConnectionTransport
{
    private readonly EventLoop _loop;
    private readonly int _descriptor;
    private readonly IPEndPoint _peer;
    private readonly string _listenerName;
    private readonly Lock _lock = new();
    private IConnectionHandler? _handler;
    private long _id;
    private long _lastActivity;
    private uint _interest;
    private Hold _hold;
    private bool _closed;
    private long? _goneDeadline;
    private string? _endReason;
    private string? _cutReason;

    public SocketConnection(EventLoop loop, int descriptor, ulong key, IPEndPoint peer, string listenerName)
    {
        (_loop, _descriptor, Key, _peer, _listenerName) = (loop, descriptor, key, peer, listenerName);
        _lastActivity = loop.Now;
        _assembler = new FrameAssembler(loop.Context.Buffers, loop.Context.Options.RequestBytesMax);
    }

    /// <summary>What epoll reports events of this connection under.</summary>
    public ulong Key { get; }

    private NetworkContext Context => _loop.Context;

    public void Open()
    {
        _id = Context.NextConnectionId();
        string address = _peer.Address.ToString();
        NetworkLog.Opened(Context.Logger, _id, address, _peer.Port, _listenerName);
        try
        {
            _interest = Libc.EPOLLIN;
            _loop.Epoll.Add(_descriptor, _interest, Key);
            _handler = Context.Broker.Accept(
                new ConnectionInfo(_id, _listenerName, address, _peer.Port, IPAddress.IsLoopback(_peer.Address)), this);
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            OnHandlerFailed(error);
        }
    }

    /// <summary>What epoll has to say about the socket.</summary>
    public void OnReady(uint ready)
    {
        if ((ready & Libc.EPOLLOUT) != 0)
        {
            lock (_lock)
            {
                _wantsRoom = false;
                UpdateInterest();
            }

            SendQueued();
            if (_closed)
            {
                return;
            }
        }

        if ((ready & Libc.EPOLLIN) != 0 && _goneDeadline is not null)
        {
            DiscardUntilGone();
        }
        else if ((ready & Libc.EPOLLIN) != 0 && _hold == Hold.None)
        {
            Receive();
        }
        else if ((ready & (Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
        {
            CloseNow("the peer has gone");
        }
    }

    public void PauseReading() => AddHold(Hold.Broker);

    public void ResumeReading()
    {
        lock (_lock)
        {
            _hold &= ~Hold.Broker;
            UpdateInterest();
        }

        ContinueReadingSoon();
    }

    public void Close(string reason)
    {
        AddHold(Hold.Closing, reason);
        _loop.Post(BeginEnd);
    }

    /// <summary>Reads no more; ends when the answers to what is in hand are out.</summary>
    public void BeginStop()
    {
        AddHold(Hold.Stopping, "the broker stops");
        BeginEnd();
    }

    /// <summary>Ends the connection whatever is under way.</summary>
    public void Cut(string reason) => CloseNow(reason);

    /// <summary>Ends the connection if nothing has moved on it for too long.</summary>
    public void CheckIdle(long now, long idleTicks)
    {
        if (now - Interlocked.Read(ref _lastActivity) > idleTicks)
        {
            CloseNow("idle for longer than connections.max.idle.ms");
        }
    }

    /// <summary>
    /// Ends a connection that is to end as soon as nothing is left to send and, unless the broker itself has closed it, none of its
    /// requests is in the broker's hands. The loop calls it again and again until then.
    /// </summary>
    public void EndIfSent()
    {
        if (_goneDeadline is { } deadline)
        {
            if (_loop.Now >= deadline)
            {
                CloseNow(_endReason ?? "closed");
            }

            return;
        }

        bool inHand = _handler?.HasRequestsInHand == true;
        lock (_lock)
        {
            if (_closed || _sending || _queuedBytes > 0 || (inHand && (_hold & Hold.Closing) == 0))
            {
                return;
            }
        }

        if ((_hold & Hold.PeerDone) != 0)
        {
            CloseNow(_endReason ?? "the peer has closed it");
            return;
        }

        // Closing a socket with unread bytes resets it, and a reset can overtake the last answer. So the peer is told that no more
        // comes, and what it still sends is dropped until it goes or its time is over.
        Libc.Shutdown(_descriptor, Libc.SHUT_WR);
        lock (_lock)
        {
            _goneDeadline = _loop.Now + _loop.ToTicks(Context.Options.LingerMax);
            UpdateInterest();
        }
    }

    private void BeginEnd()
    {
        if (!_closed)
        {
            _loop.WatchEnding(this);
            EndIfSent();
        }
    }

    /// <summary>Closes the socket, at the latest when the thread that is sending on it returns.</summary>
    private void CloseNow(string reason)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            _cutReason ??= reason;
            if (_sending)
            {
                Libc.Shutdown(_descriptor, Libc.SHUT_RDWR);
                return;
            }

            _closed = true;
        }

        Libc.Close(_descriptor);
        _loop.Forget(this);
        _assembler.Dispose();
        DropAnswers();
        Context.Quota.Leave(_listenerName, _peer.Address);
        NetworkLog.Closed(Context.Logger, _id, _peer.Address.ToString(), _peer.Port, _cutReason);
        try
        {
            _handler?.OnClosed();
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            LogHandlerFailed(error);
        }
    }

    private void OnHandlerFailed(Exception error)
    {
        LogHandlerFailed(error);
        CloseNow($"its handler failed: {error.Message}");
    }

    private void LogHandlerFailed(Exception error)
    {
        if (Context.LogRate.TryTake(out string suppressed))
        {
            NetworkLog.HandlerFailed(Context.Logger, error, _id, _peer.Address.ToString(), _peer.Port, suppressed);
        }
    }

    /// <summary>Ends the connection of a peer that breaks the rules, and says so in the log.</summary>
    private void CutOff(string reason)
    {
        if (Context.LogRate.TryTake(out string suppressed))
        {
            NetworkLog.CutOff(Context.Logger, _id, _peer.Address.ToString(), _peer.Port, reason, suppressed);
        }

        CloseNow(reason);
    }

    private void AddHold(Hold hold, string? endReason = null)
    {
        lock (_lock)
        {
            _endReason ??= endReason;
            _hold |= hold;
            UpdateInterest();
        }
    }

    /// <summary>Tells epoll what to wait for, if that has changed. Under the lock.</summary>
    private void UpdateInterest()
    {
        uint wanted = (_hold == Hold.None || _goneDeadline is not null ? Libc.EPOLLIN : 0) | (_wantsRoom ? Libc.EPOLLOUT : 0);
        if (wanted != _interest && !_closed)
        {
            _interest = wanted;
            _loop.Epoll.Change(_descriptor, wanted, Key);
        }
    }
}
