using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Connections;

/// <summary>
/// One connection to one broker. Requests may be sent from many callers at once; they are pipelined, and answers find their
/// requests by correlation id. A connection that failed once stays failed: its owner opens another.
/// </summary>
public sealed class BrokerConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly ClientOptions _options;
    private readonly PendingRequests _pending = new();
    private readonly SemaphoreSlim _sendTurn = new(1);
    private Task _receiving = Task.CompletedTask;

    private BrokerConnection(BrokerAddress address, Socket socket, ClientOptions options)
    {
        (Address, _socket, _options) = (address, socket, options);
        Versions = null!;
    }

    public BrokerAddress Address { get; }

    /// <summary>What the broker speaks.</summary>
    public ApiVersionTable Versions { get; private set; }

    public bool IsOpen => !_pending.HasFailed;

    /// <summary>How many requests wait for their answers.</summary>
    internal int PendingCount => _pending.Count;

    /// <summary>Connects and asks which versions the broker speaks.</summary>
    /// <exception cref="BrokerUnreachableException">Nobody listens there, or not in time.</exception>
    public static async Task<BrokerConnection> ConnectAsync(BrokerAddress address, ClientOptions options, CancellationToken cancellation = default)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(options.ConnectTimeout);
            await socket.ConnectAsync(address.Host, address.Port, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            cancellation.ThrowIfCancellationRequested();
            string reason = error is SocketException ? error.Message : $"no connection within {options.ConnectTimeout.TotalSeconds:0.#} s";
            throw new BrokerUnreachableException($"Cannot reach a broker at {address}: {reason}", error);
        }

        var connection = new BrokerConnection(address, socket, options);
        connection._receiving = connection.ReceiveAllAsync();
        try
        {
            connection.Versions = new ApiVersionTable(await connection.NegotiateAsync(cancellation));
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends a request in the highest version that both sides speak and reads its answer.</summary>
    /// <param name="brokerWait">How long the request itself asks the broker to wait.</param>
    /// <param name="highest">No higher version than this.</param>
    public async Task<TResponse> SendAsync<TResponse>(
        IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default, short highest = short.MaxValue)
        where TResponse : IMessage<TResponse>, IApiResponse
    {
        // The answer may hold views on the frame, so the frame is left to the collector instead of the pool.
        short version = Versions.Choose(request.Api, highest);
        ResponseFrame frame = await ExchangeAsync(request, version, brokerWait, cancellation);
        return ReadBody<TResponse>(frame, request.Api, version);
    }

    /// <summary>As <see cref="SendAsync{TResponse}"/>, for large answers: the caller gives their bytes back.</summary>
    public async Task<Reply<TResponse>> SendPooledAsync<TResponse>(IApiRequest request, TimeSpan brokerWait = default, CancellationToken cancellation = default)
        where TResponse : IMessage<TResponse>, IApiResponse
    {
        short version = Versions.Choose(request.Api);
        ResponseFrame frame = await ExchangeAsync(request, version, brokerWait, cancellation);
        return new Reply<TResponse>(ReadBody<TResponse>(frame, request.Api, version), frame.Bytes);
    }

    /// <summary>Sends a request that gets no answer (produce with acks=0).</summary>
    public Task SendOneWayAsync(IApiRequest request, CancellationToken cancellation = default) =>
        WriteAsync(request, Versions.Choose(request.Api), _pending.NextId(), cancellation);

    public async ValueTask DisposeAsync()
    {
        _pending.Fail(new BrokerUnreachableException($"The connection to {Address} was closed"));
        _socket.Dispose();
        await _receiving;
    }

    private static TResponse ReadBody<TResponse>(ResponseFrame frame, ApiKey api, short version)
        where TResponse : IMessage<TResponse> => MessageFrame.Read<TResponse>(frame.Bytes.AsMemory(0, frame.Length), api, version);

    private async Task<ApiVersionsResponse> NegotiateAsync(CancellationToken cancellation)
    {
        var request = new ApiVersionsRequest { ClientSoftwareName = "tidemark", ClientSoftwareVersion = "0.1.0" };
        short version = ApiVersionsRequest.HighestVersion;
        while (true)
        {
            ResponseFrame frame = await ExchangeAsync(request, version, default, cancellation);

            // A broker that does not know the version says so in version 0, with the versions it does know (KIP-511).
            bool unknown = BinaryPrimitives.ReadInt16BigEndian(frame.Bytes.AsSpan(sizeof(int))) == (short)Primitives.ErrorCode.UnsupportedVersion;
            var response = ReadBody<ApiVersionsResponse>(frame, ApiKey.ApiVersions, unknown ? (short)0 : version);
            if (!unknown || version == 0)
            {
                BrokerErrorException.ThrowIfError(response.ErrorCode, $"Asking {Address} for its versions");
                return response;
            }

            short theirs = response.ApiKeys.Find(api => api.ApiKey == (short)ApiKey.ApiVersions)?.MaxVersion ?? 0;
            version = Math.Min(theirs, (short)(version - 1));
        }
    }

    private async Task<ResponseFrame> ExchangeAsync(IApiRequest request, short version, TimeSpan brokerWait, CancellationToken cancellation)
    {
        int id = _pending.NextId();
        Task<ResponseFrame> answer = _pending.Add(id);
        TimeSpan limit = _options.AnswerLimit(brokerWait);
        bool isSent = false;
        try
        {
            await WriteAsync(request, version, id, cancellation);
            isSent = true;
            return await answer.WaitAsync(limit, cancellation);
        }
        catch (ClientException broken) when (isSent)
        {
            throw new BrokerUnreachableException(broken.Message, broken) { Unanswered = request.Api };
        }
        catch (TimeoutException)
        {
            var error = new RequestTimedOutException($"{Address} did not answer {request.Api} within {limit.TotalSeconds:0.#} s") { Unanswered = request.Api };
            Fail(error);
            throw error;
        }
        catch (OperationCanceledException)
        {
            // A late answer would find nobody; simpler and surer than remembering it is to start over.
            Fail(new BrokerUnreachableException($"The connection to {Address} was given up"));
            throw;
        }
    }

    private async Task WriteAsync(IApiRequest request, short version, int id, CancellationToken cancellation)
    {
        using var writer = new WireWriter();
        MessageFrame.Append(writer, request, version, id, _options.ClientId);
        await _sendTurn.WaitAsync(cancellation);
        try
        {
            ReadOnlyMemory<byte> rest = writer.WrittenMemory;
            while (!rest.IsEmpty)
            {
                rest = rest[await _socket.SendAsync(rest, SocketFlags.None, CancellationToken.None)..];
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The socket is disposed of where the connection failed before, which the caller could not know yet.
            string reason = error is SocketException ? error.Message : "it was closed already";
            var broken = new BrokerUnreachableException($"The connection to {Address} broke off: {reason}", error);
            Fail(broken);
            throw broken;
        }
        finally
        {
            _sendTurn.Release();
        }
    }

    private async Task ReceiveAllAsync()
    {
        byte[] size = new byte[sizeof(int)];
        try
        {
            while (true)
            {
                await ReceiveExactlyAsync(size);
                int length = BinaryPrimitives.ReadInt32BigEndian(size);
                if (length < sizeof(int) || length > _options.ResponseBytesMax)
                {
                    throw new ProtocolException($"{length} is no size of an answer; does a broker listen there, and without TLS?");
                }

                byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
                await ReceiveExactlyAsync(bytes.AsMemory(0, length));
                if (!_pending.TryComplete(BinaryPrimitives.ReadInt32BigEndian(bytes), new ResponseFrame(bytes, length)))
                {
                    throw new ProtocolException("an answer came that belongs to no request");
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or EndOfStreamException or ProtocolException)
        {
            Fail(new BrokerUnreachableException($"The connection to {Address} broke off: {error.Message}", error));
        }
    }

    private async ValueTask ReceiveExactlyAsync(Memory<byte> into)
    {
        while (!into.IsEmpty)
        {
            int count = await _socket.ReceiveAsync(into, SocketFlags.None);
            into = count > 0 ? into[count..] : throw new EndOfStreamException("the broker has closed it");
        }
    }

    private void Fail(Exception error)
    {
        _pending.Fail(error);
        _socket.Dispose();
    }
}
