using System.Buffers.Binary;
using System.Net;
using Tidemark.Broker.Cluster;
using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Dispatch;

/// <summary>
/// Serves an API that belongs to the controller: here when the controller is here, otherwise by passing the request on as it is and its
/// answer back as it is (KIP-590). What the client sees does not differ.
/// </summary>
/// <param name="inner">Serves the request where this node is the controller.</param>
/// <param name="staysHere">Requests of this API that are the broker's own business wherever the controller is.</param>
public sealed class ForwardingHandler(IRequestHandler inner, IQuorumView quorum, ControllerChannel channel, Func<Request, bool>? staysHere = null) : IRequestHandler
{
    /// <summary>As long as a client waits by default; those that say how long are told by the controller when it is over.</summary>
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    /// <summary>What the controller holds back until all brokers know of it may not hold up what it answers at once.</summary>
    private readonly string _purpose = TopicChanges.AreMadeBy(inner.Api) ? "forwarding of topics" : "forwarding";

    public ApiKey Api => inner.Api;

    public short LowestVersion => inner.LowestVersion;

    public short HighestVersion => inner.HighestVersion;

    public short AdvertisedLowestVersion => inner.AdvertisedLowestVersion;

    public bool IsAdvertised => inner.IsAdvertised;

    public bool LetsLaterRequestsPass => inner.LetsLaterRequestsPass;

    public void Handle(Request request)
    {
        if (quorum.IsAlone || staysHere?.Invoke(request) == true)
        {
            inner.Handle(request);
            return;
        }

        Serve(request, channel.Now);
    }

    public void Refuse(Request request, ErrorCode error) => inner.Refuse(request, error);

    private void Serve(Request request, long start)
    {
        if (!quorum.Controller.IsLocal)
        {
            _ = Forward(request, start);
            return;
        }

        request.OnNotController = asked => _ = ServeAgain(asked, start);
        inner.Handle(request);
    }

    /// <summary>This node led no more when the request's turn came, or lost the lead before the decision was committed: another one decides.</summary>
    private async Task ServeAgain(Request request, long start)
    {
        try
        {
            if (await channel.Pause(start, s_timeout))
            {
                Serve(request, start);
            }
            else
            {
                inner.Refuse(request, ErrorCode.RequestTimedOut);
            }
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            request.Connection.Fail(request, e);
        }
    }

    private async Task Forward(Request request, long start)
    {
        try
        {
            var envelope = new EnvelopeRequest
            {
                RequestData = request.Whole,
                RequestPrincipal = ForwardedPrincipal.Anonymous,
                ClientHostAddress = AddressOf(request.Connection.Info),
            };
            EnvelopeResponse? response = await channel.Forward(_purpose, envelope, start, s_timeout);
            if (response is { ErrorCode: ErrorCode.None, ResponseData: { } data })
            {
                WireWriter writer = new(data.Length + sizeof(int));
                writer.WriteInt32(data.Length);
                writer.WriteRaw(data.Span);
                BinaryPrimitives.WriteInt32BigEndian(writer.WrittenBytes[sizeof(int)..], request.CorrelationId);
                request.Respond(new OutboundFrame([OutboundPart.Of(writer.WrittenMemory)], [writer]));
                return;
            }

            if (response is { ErrorCode: ErrorCode.NotController })
            {
                Serve(request, start);
                return;
            }

            inner.Refuse(request, response?.ErrorCode switch
            {
                null => ErrorCode.RequestTimedOut,
                ErrorCode.UnsupportedVersion => ErrorCode.UnsupportedVersion,
                _ => ErrorCode.UnknownServerError,
            });
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            request.Connection.Fail(request, e);
        }
    }

    private static ReadOnlyMemory<byte> AddressOf(ConnectionInfo from) =>
        IPAddress.TryParse(from.RemoteAddress, out IPAddress? address) ? address.GetAddressBytes() : IPAddress.Any.GetAddressBytes();
}
