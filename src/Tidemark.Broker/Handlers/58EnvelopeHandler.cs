using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Dispatch;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Handlers;

/// <summary>
/// API key 58, Envelope: a client's request, passed on by the broker that got it (KIP-590). The request inside is served as if it had come
/// over a connection of its own; its answer, header included, goes back inside.
/// </summary>
/// <param name="quorum">Only the active controller opens envelopes.</param>
/// <param name="table">What may be inside.</param>
/// <param name="buffers">Where the request inside is copied to, since handlers may write to it.</param>
/// <param name="log">Where failures are logged.</param>
public sealed class EnvelopeHandler(IQuorumView quorum, Func<DispatchTable> table, MemoryPool<byte> buffers, ILogger log)
    : MessageHandler<EnvelopeRequest, EnvelopeResponse>(ApiKey.Envelope, 0, 0)
{
    private long _lastId;

    protected override ValueTask<EnvelopeResponse> Answer(EnvelopeRequest request, Request context)
    {
        if (!quorum.Controller.IsLocal)
        {
            return new(Refusal(request, ErrorCode.NotController, 0));
        }

        if (!TryReadAddress(request.ClientHostAddress.Span, out string address) || !RequestHead.TryRead(request.RequestData.Span, out RequestHead head))
        {
            // The connection carries other clients' requests too.
            return new(Refusal(request, ErrorCode.InvalidRequest, 0));
        }

        // An envelope within an envelope, or an API that a broker does not pass on, is nothing that a broker sends.
        if (head.ApiKey == (short)ApiKey.Envelope || table().Find(head.ApiKey) is not { } inner
            || head.ApiVersion < inner.LowestVersion || head.ApiVersion > inner.HighestVersion)
        {
            return new(Refusal(request, ErrorCode.UnsupportedVersion, 0));
        }

        IMemoryOwner<byte> copy = buffers.Rent(request.RequestData.Length);
        request.RequestData.CopyTo(copy.Memory);
        var answer = new Inside();
        var connection = new ClientConnection(
            new ConnectionInfo(-Interlocked.Increment(ref _lastId), context.Connection.Info.ListenerName, address, 0, IsLoopback: false),
            answer,
            new ConnectionServices(table(), log, _ => { }))
        {
            OnNotController = asked =>
            {
                answer.TellNotController();
                asked.Close("asked of a node that is not the controller");
            },
        };
        connection.OnFrame(new InboundFrame(copy, request.RequestData.Length));
        return new(answer.Response);
    }

    protected override EnvelopeResponse Refusal(EnvelopeRequest request, ErrorCode error, short version) => new() { ErrorCode = error };

    private static bool TryReadAddress(ReadOnlySpan<byte> bytes, out string address)
    {
        address = bytes.Length is 4 or 16 ? new IPAddress(bytes).ToString() : "";
        return address.Length > 0;
    }

    /// <summary>Catches the one answer on its way out.</summary>
    private sealed class Inside : IConnectionTransport
    {
        private readonly TaskCompletionSource<EnvelopeResponse> _done = new();

        public Task<EnvelopeResponse> Response => _done.Task;

        /// <summary>For the broker that passed the request on, which looks for the controller anew: the client is not told.</summary>
        public void TellNotController() => _done.TrySetResult(new EnvelopeResponse { ErrorCode = ErrorCode.NotController });

        public void Send(OutboundFrame frame)
        {
            using (frame)
            {
                byte[] bytes = new byte[frame.Length];
                int at = 0;
                foreach (OutboundPart part in frame.Parts)
                {
                    // What the controller answers never comes from a file.
                    Invariant.Require(part.File is null);
                    part.Memory.CopyTo(bytes.AsMemory(at));
                    at += part.Length;
                }

                _done.TrySetResult(new EnvelopeResponse { ResponseData = bytes.AsMemory(sizeof(int)) });
            }
        }

        public void PauseReading()
        {
            // There is only one request.
        }

        public void ResumeReading()
        {
            // As above.
        }

        public void Close(string reason) => _done.TrySetResult(new EnvelopeResponse { ErrorCode = ErrorCode.UnknownServerError });
    }
}
