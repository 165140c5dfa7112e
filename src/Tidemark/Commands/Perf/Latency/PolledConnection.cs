using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Tidemark.Client;
using Tidemark.Client.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;

namespace Tidemark.Commands.Perf.Latency;

/// <summary>
/// A connection that is never waited for: who uses it asks again and again whether an answer has come. The runtime's own thread, which waits for sockets, does not
/// know of it, because a socket that only synchronous calls were made on is not registered there; that thread would be woken by every answer. One request is under
/// way at a time. For one thread.
/// </summary>
internal sealed class PolledConnection : IDisposable
{
    private const int FirstReceiveSize = 64 << 10;

    private readonly BrokerConnection _broker;
    private readonly ClientOptions _options;
    private readonly TimeSpan _answerLimit;
    private readonly Socket _socket;
    private readonly WireWriter _outgoing = new();
    private byte[] _incoming = new byte[FirstReceiveSize];
    private int _sentBytes;
    private int _receivedBytes;
    private (ApiKey Api, short Version, long SentAt)? _asked;
    private int _lastId;

    private PolledConnection(BrokerConnection broker, ClientOptions options, TimeSpan brokerWait, Socket socket)
    {
        (_broker, _options, _socket) = (broker, options, socket);
        _answerLimit = options.AnswerLimit(brokerWait);
    }

    /// <summary>Whether a request is under way.</summary>
    public bool IsAwaitingAnswer => _asked is not null;

    /// <summary>Connects to a broker that was asked before which versions it speaks.</summary>
    /// <param name="brokerWait">How long the requests themselves ask the broker to wait at most.</param>
    /// <exception cref="BrokerUnreachableException">Nobody listens there any more, or not in time.</exception>
    public static PolledConnection Open(BrokerConnection broker, ClientOptions options, TimeSpan brokerWait, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(options.ConnectTimeout);
        try
        {
            using (limit.Token.Register(socket.Dispose))
            {
                socket.Connect(broker.Address.Host, broker.Address.Port);
                socket.Blocking = false;
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            string reason = limit.IsCancellationRequested ? $"no connection within {options.ConnectTimeout.TotalSeconds:0.#} s" : error.Message;
            throw new BrokerUnreachableException($"Cannot reach a broker at {broker.Address}: {reason}", error);
        }

        return new PolledConnection(broker, options, brokerWait, socket);
    }

    /// <summary>Sends a request, or as much of it as the socket takes; the rest goes out while its answer is asked for. None may be under way.</summary>
    public void Send(IApiRequest request, long now)
    {
        Invariant.Require(!IsAwaitingAnswer);
        short version = _broker.Versions.Choose(request.Api);
        _outgoing.Reset();
        _sentBytes = 0;
        MessageFrame.Append(_outgoing, request, version, ++_lastId, _options.ClientId);
        _asked = (request.Api, version, now);
        SendRest();
    }

    /// <summary>The answer, where it has come. It may hold views on memory that the next one overwrites.</summary>
    /// <exception cref="BrokerUnreachableException">The connection broke off.</exception>
    /// <exception cref="RequestTimedOutException">The answer should have come long ago.</exception>
    public bool TryReceive<TResponse>(long now, [NotNullWhen(true)] out TResponse? response)
        where TResponse : class, IMessage<TResponse>
    {
        response = null;
        if (_asked is not { } asked)
        {
            return false;
        }

        SendRest();
        if (!TryReceiveFrame(out ReadOnlyMemory<byte> frame))
        {
            return Stopwatch.GetElapsedTime(asked.SentAt, now) <= _answerLimit
                ? false
                : throw new RequestTimedOutException($"{_broker.Address} did not answer {asked.Api} within {_answerLimit.TotalSeconds:0.#} s");
        }

        if (BinaryPrimitives.ReadInt32BigEndian(frame.Span) != _lastId)
        {
            throw Broken("an answer came that belongs to no request");
        }

        _receivedBytes = 0;
        _asked = null;
        response = MessageFrame.Read<TResponse>(frame, asked.Api, asked.Version);
        return true;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _outgoing.Dispose();
    }

    private void SendRest()
    {
        if (_sentBytes < _outgoing.Length)
        {
            int count = _socket.Send(_outgoing.WrittenSpan[_sentBytes..], SocketFlags.None, out SocketError error);
            _sentBytes += error is SocketError.Success or SocketError.WouldBlock ? count : throw Broken(new SocketException((int)error).Message);
        }
    }

    /// <summary>Receives what is there; true once it is a whole answer, without its size.</summary>
    private bool TryReceiveFrame(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        int count = _socket.Receive(_incoming.AsSpan(_receivedBytes), SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
        {
            return false;
        }

        _receivedBytes += error == SocketError.Success && count > 0 ? count : throw Broken(error == SocketError.Success ? "the broker has closed it" : new SocketException((int)error).Message);
        if (_receivedBytes < sizeof(int))
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(_incoming);
        if (length < sizeof(int) || length > _options.ResponseBytesMax || _receivedBytes - sizeof(int) > length)
        {
            throw Broken($"{length} is no size of the one answer that is due");
        }

        if (_receivedBytes - sizeof(int) < length)
        {
            // Room for an answer that is larger than any before.
            Array.Resize(ref _incoming, Math.Max(_incoming.Length, sizeof(int) + length));
            return false;
        }

        frame = _incoming.AsMemory(sizeof(int), length);
        return true;
    }

    private BrokerUnreachableException Broken(string reason) => new($"The connection to {_broker.Address} broke off: {reason}");
}
