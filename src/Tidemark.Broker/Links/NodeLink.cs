using Tidemark.Broker.Runtime;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>
/// A connection to another node that comes into being when it is used: connects, asks which versions the peer speaks, sends requests in
/// the highest common one, several at a time, and matches answers to them in order. When it ends, whoever waits is told, and the next
/// use connects anew, after a wait that doubles with every connection that came to nothing. Its members may be called on any thread.
/// </summary>
/// <remarks>
/// Answers are handed over on the thread that received them, and the end of a wait on the timer's: callers do not block there. A request
/// that is made during the wait between two attempts is sent after it, if its own time lasts so long; so a caller that tries again at
/// once does not spin.
/// </remarks>
public sealed class NodeLink : IDisposable
{
    /// <summary>Requests that wait for the connection or for room on it. Who has more open has stopped looking at their ends.</summary>
    public const int WaitingMax = 1024;

    private readonly LinkServices _services;
    private readonly Action<NodeLink> _onDisposed;
    private readonly Lock _lock = new();
    private readonly Queue<LinkCall> _waiting = new();
    private readonly List<(LinkCall Call, LinkException Failure)> _refused = [];
    private LinkConnection? _connection;
    private int _failedAttempts;
    private long _notBefore;
    private bool _backingOff;
    private bool _disposed;

    internal NodeLink(LinkServices services, NodeAddress address, string purpose, Action<NodeLink> onDisposed)
    {
        (_services, Address, Purpose, _onDisposed) = (services, address, purpose, onDisposed);
        _notBefore = services.Time.GetTimestamp();
    }

    /// <summary>
    /// A connection, or the attempt to make one, has ended. Raised once for each, before the requests that waited for it fail, on the
    /// thread that learned of it.
    /// </summary>
    public event Action<LinkEnd>? Ended;

    public NodeAddress Address { get; }

    /// <summary>What the link is for: part of its client id, and the name it has in the log.</summary>
    public string Purpose { get; }

    /// <summary>Whether the peer is connected and has told what it speaks.</summary>
    public bool IsConnected
    {
        get
        {
            lock (_lock)
            {
                return _connection?.Versions is not null;
            }
        }
    }

    /// <summary>The highest version of an API that both nodes speak; null while not connected, and when there is none.</summary>
    public short? VersionOf(ApiKey api)
    {
        ApiDescriptor ours = MessageCatalog.Api(api);
        lock (_lock)
        {
            return _connection?.Versions?.TryChoose(api, ours.LowestVersion, ours.HighestStableVersion, out short version, out _) == true ? version : null;
        }
    }

    /// <summary>Sends a request and hands over the answer, which owns its bytes.</summary>
    /// <param name="timeout">From now to the answer. A request that was sent and is out of time takes the connection with it, as its answer might come yet.</param>
    /// <param name="lowestVersion">The lowest version that can carry what the caller wants.</param>
    /// <param name="highestVersion">The highest version that the cluster's feature levels allow.</param>
    /// <exception cref="LinkException">There will be no answer.</exception>
    public ValueTask<TResponse> Send<TRequest, TResponse>(
        TRequest request, TimeSpan timeout, short lowestVersion = 0, short highestVersion = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse>
    {
        var call = new LinkCall<TResponse>(this, request.Api, request, LowestOf<TRequest>(lowestVersion), HighestOf(request, highestVersion));
        Start(call, timeout);
        return new(call.Answer);
    }

    /// <summary>
    /// As <see cref="Send"/>, for answers with records: they are views on the frame as it was received, and the caller disposes it.
    /// </summary>
    /// <exception cref="LinkException">There will be no answer.</exception>
    public ValueTask<LinkAnswer<TResponse>> SendLeased<TRequest, TResponse>(
        TRequest request, TimeSpan timeout, short lowestVersion = 0, short highestVersion = short.MaxValue)
        where TRequest : IApiRequest, IMessage<TRequest>
        where TResponse : IApiResponse, IMessage<TResponse>
    {
        var call = new LeasedLinkCall<TResponse>(this, request.Api, request, LowestOf<TRequest>(lowestVersion), HighestOf(request, highestVersion));
        Start(call, timeout);
        return new(call.Answer);
    }

    /// <summary>Ends the connection if there is one, and fails every request without an answer. The next use connects again.</summary>
    public void Close()
    {
        LinkConnection? connection;
        LinkCall[] waiting = [];
        lock (_lock)
        {
            connection = _connection;
            if (connection is null)
            {
                waiting = TakeWaiting();
            }
        }

        if (connection is not null)
        {
            End(connection, LinkEnd.ClosedHere, "the link was closed");
        }

        Fail(waiting, LinkEnd.ClosedHere, "the link was closed");
    }

    /// <summary>Closes the link for good.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        Close();
        _onDisposed(this);
    }

    internal void OnVersions(LinkConnection connection, PeerVersions versions)
    {
        lock (_lock)
        {
            connection.Versions = versions;
            Advance();
        }

        LinkLog.Connected(_services.Log, Address, Purpose);
        FailRefused();
    }

    internal void AskVersions(LinkConnection connection, ApiVersionsRequest request, short version)
    {
        lock (_lock)
        {
            if (!connection.HasEnded)
            {
                AskVersionsLocked(connection, request, version);
            }
        }
    }

    /// <summary>The connection has answered something, so that there is room for another request.</summary>
    internal void OnRoom()
    {
        lock (_lock)
        {
            Advance();
        }

        FailRefused();
    }

    internal void OnTimedOut(LinkCall call)
    {
        LinkConnection? connection;
        bool inSetup;
        lock (_lock)
        {
            connection = call.SentOn;
            inSetup = connection?.Versions is null;
        }

        if (connection is not null)
        {
            string reason = connection.WasConnected ? $"no answer to {call.Api} in time" : "no connection in time";
            End(connection, inSetup ? LinkEnd.Unreachable : LinkEnd.ClosedHere, reason);
        }

        call.Fail(LinkException.TimedOut(Address, call.Api, wasSent: connection is not null));
    }

    internal void End(LinkConnection connection, LinkEnd end, string reason)
    {
        LinkCall[] inFlight;
        LinkCall[] waiting;
        bool first;
        lock (_lock)
        {
            if (!connection.TryEnd(out inFlight))
            {
                return;
            }

            waiting = TakeWaiting();
            _connection = null;
            first = _failedAttempts == 0;
            _failedAttempts = connection.HasServed ? 0 : _failedAttempts + 1;
            _notBefore = _services.Time.GetTimestamp() + (_failedAttempts == 0 ? 0 : _services.BackoffTicks(_failedAttempts));
        }

        LogEnd(end, reason, first);
        Ended?.Invoke(end);
        Fail(inFlight, end, reason);
        Fail(waiting, end, reason);
    }

    private static short LowestOf<TRequest>(short wanted)
        where TRequest : IMessage<TRequest> => Math.Max(wanted, TRequest.Lowest);

    private static short HighestOf(IApiRequest request, short wanted) => Math.Min(wanted, MessageCatalog.Api(request.Api).HighestStableVersion);

    private void Start(LinkCall call, TimeSpan timeout)
    {
        LinkException? refusal = null;
        lock (_lock)
        {
            if (_disposed)
            {
                refusal = LinkException.Ended(LinkEnd.ClosedHere, "the link was closed", Address, call.Api, wasSent: false);
            }
            else if (_waiting.Count >= WaitingMax)
            {
                refusal = LinkException.Overloaded(Address, call.Api, _waiting.Count);
            }
            else
            {
                // Before it can be answered, for a finished call must not be added.
                _services.Delays.Add(call, timeout);
                _waiting.Enqueue(call);
                Advance();
            }
        }

        if (refusal is not null)
        {
            call.Fail(refusal);
        }

        FailRefused();
    }

    /// <summary>Does what can be done for the requests that wait: connects, or sends as many as there is room for. Under the lock.</summary>
    private void Advance()
    {
        if (_waiting.Count > 0 && _connection is null)
        {
            ConnectWhenDue();
            return;
        }

        while (_connection?.HasRoom == true && _waiting.TryDequeue(out LinkCall? call))
        {
            if (!call.IsFinished && !_connection.TrySend(call, out string? refusal) && call.TryFinish())
            {
                _refused.Add((call, LinkException.Unsupported(Address, call.Api, refusal!)));
            }
        }
    }

    private void ConnectWhenDue()
    {
        long wait = _notBefore - _services.Time.GetTimestamp();
        if (wait <= 0)
        {
            _connection = new LinkConnection(this, _lock, _services.ClientIdFor(Purpose));
            _connection.Open(_services.Connector);
            AskVersionsLocked(_connection, _services.NewVersionsRequest(), ApiVersionsRequest.HighestVersion);
        }
        else if (!_backingOff)
        {
            _backingOff = true;
            _services.Delays.Run(OnBackoffEnd, _services.Span(wait));
        }
    }

    private void AskVersionsLocked(LinkConnection connection, ApiVersionsRequest request, short version)
    {
        var call = new VersionsCall(this, connection, request, version);
        _services.Delays.Add(call, _services.Options.SetupTimeout);
        connection.Send(call, version);
    }

    private LinkCall[] TakeWaiting()
    {
        LinkCall[] waiting = [.. _waiting];
        _waiting.Clear();
        return waiting;
    }

    private void Fail(LinkCall[] calls, LinkEnd end, string reason)
    {
        foreach (LinkCall call in calls)
        {
            if (call.TryFinish())
            {
                call.Fail(LinkException.Ended(end, reason, Address, call.Api, call.SentOn is not null));
            }
        }
    }

    private void FailRefused()
    {
        (LinkCall Call, LinkException Failure)[] refused;
        lock (_lock)
        {
            if (_refused.Count == 0)
            {
                return;
            }

            refused = [.. _refused];
            _refused.Clear();
        }

        foreach ((LinkCall call, LinkException failure) in refused)
        {
            call.Fail(failure);
        }
    }

    private void LogEnd(LinkEnd end, string reason, bool first)
    {
        if (end == LinkEnd.Faulty)
        {
            LinkLog.Faulty(_services.Log, Address, Purpose, reason);
        }
        else if (first && end != LinkEnd.ClosedHere)
        {
            LinkLog.Ended(_services.Log, Address, Purpose, reason);
        }
        else
        {
            LinkLog.EndedAgain(_services.Log, Address, Purpose, reason);
        }
    }

    private void OnBackoffEnd()
    {
        lock (_lock)
        {
            _backingOff = false;
            Advance();
        }

        FailRefused();
    }
}
