using System.Buffers;
using Tidemark.Broker.Connections;
using Tidemark.Network.Loops;
using Tidemark.Network.Native;
using Tidemark.Primitives;

namespace Tidemark.Network.Connections;

/// <summary>
/// One connection: frames in, frames out, and its end. Reading, closing and the owner's calls happen on its loop's thread only; sending
/// on any, one thread at a time. The descriptor is closed on the loop's thread while nobody sends, so that its number is never used for
/// another connection's. What the frames mean is the affair of those that derive from it.
/// </summary>
internal abstract partial class SocketConnection : IFrameGate
{
    private readonly EventLoop _loop;
    private readonly Lock _lock = new();
    private int _descriptor = -1;
    private long _lastActivity;
    private uint _interest;
    private Hold _hold;
    private bool _closed;
    private long? _goneDeadline;
    private string? _endReason;
    private string? _cutReason;

    protected SocketConnection(EventLoop loop)
    {
        _loop = loop;
        _lastActivity = loop.Now;
        _assembler = new FrameAssembler(this);
    }

    /// <summary>What epoll reports events of this connection under; set before it is attached.</summary>
    public ulong Key { get; set; }

    protected EventLoop Loop => _loop;

    protected NetworkContext Context => _loop.Context;

    protected int Descriptor => _descriptor;

    protected bool IsClosed => _closed;

    /// <summary>Why it ended, once it has.</summary>
    protected string? CutReason => _cutReason;

    /// <summary>Whether the peer's last frame has not come to its end.</summary>
    protected bool IsInFrame => _assembler.IsInFrame;

    /// <summary>What may wait to be sent before no more is read from a peer that does not take it.</summary>
    protected abstract long QueuedBytesMax { get; }

    /// <summary>Whether frames of the peer are in the owner's hands, for whose answers the connection is kept open.</summary>
    protected virtual bool HasFramesInHand => false;

    /// <inheritdoc/>
    public abstract string? Refusal(int size);

    /// <inheritdoc/>
    public virtual IMemoryOwner<byte>? TryRent(int size) => Context.Buffers.Rent(size);

    /// <summary>What epoll has to say about the socket.</summary>
    public virtual void OnReady(uint ready)
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

    /// <summary>The network stops: the connection is to end as soon as it may.</summary>
    public abstract void BeginStop();

    /// <summary>Ends the connection whatever is under way.</summary>
    public virtual void Cut(string reason) => CloseNow(reason);

    /// <summary>Ends the connection if nothing has moved on it for too long.</summary>
    public virtual void CheckIdle(long now, long idleTicks)
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

        bool inHand = HasFramesInHand;
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

    /// <summary>Takes one frame over. On the loop's thread.</summary>
    protected abstract void Handle(InboundFrame frame);

    /// <summary>The peer has said that it sends no more.</summary>
    protected abstract void OnPeerDone();

    /// <summary>The peer breaks the rules.</summary>
    protected abstract void CutOff(string reason);

    /// <summary>The connection is closed: the last call.</summary>
    protected abstract void OnEnded(string reason);

    protected abstract void LogHandlerFailed(Exception error);

    /// <summary>Takes charge of a socket that is connected, or is connecting and so has no room yet. On the loop's thread.</summary>
    protected void Attach(int descriptor, bool hasRoom)
    {
        lock (_lock)
        {
            _descriptor = descriptor;
            _wantsRoom = !hasRoom;
            _interest = Libc.EPOLLIN | (hasRoom ? 0 : Libc.EPOLLOUT);
        }

        _loop.Epoll.Add(descriptor, _interest, Key);
    }

    /// <summary>Gives up a socket that never had room to send; another may be attached. On the loop's thread.</summary>
    protected void Detach()
    {
        int descriptor;
        lock (_lock)
        {
            (descriptor, _descriptor) = (_descriptor, -1);
        }

        Libc.Close(descriptor);
    }

    /// <summary>What is sent waits until a socket is attached and has room.</summary>
    protected void SendLater() => _wantsRoom = true;

    protected void Release(Hold hold)
    {
        lock (_lock)
        {
            _hold &= ~hold;
            UpdateInterest();
        }

        ContinueReadingSoon();
    }

    protected void BeginEnd()
    {
        if (!_closed)
        {
            _loop.WatchEnding(this);
            EndIfSent();
        }
    }

    /// <summary>Closes the socket, at the latest when the thread that is sending on it returns.</summary>
    protected void CloseNow(string reason)
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

        if (_descriptor >= 0)
        {
            Libc.Close(_descriptor);
        }

        _loop.Forget(this);
        _assembler.Dispose();
        DropAnswers();
        try
        {
            OnEnded(_cutReason);
        }
        catch (Exception error) when (error is not InvariantViolationException)
        {
            LogHandlerFailed(error);
        }
    }

    /// <summary>The socket failed, with this error of the system or, where that is 0, for another reason.</summary>
    protected virtual void Fail(string reason, int error) => CloseNow(reason);

    protected void OnHandlerFailed(Exception error)
    {
        LogHandlerFailed(error);
        CloseNow($"its handler failed: {error.Message}");
    }

    protected void AddHold(Hold hold, string? endReason = null)
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
        if (wanted != _interest && !_closed && _descriptor >= 0)
        {
            _interest = wanted;
            _loop.Epoll.Change(_descriptor, wanted, Key);
        }
    }
}
