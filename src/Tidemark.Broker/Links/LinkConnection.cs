using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>
/// One connection of a link, from the attempt to its end: writes requests, and finds the request to each answer, which is the oldest
/// one without. Its state is guarded by the link's lock.
/// </summary>
internal sealed class LinkConnection(NodeLink link, Lock guard, string clientId) : INodeTransportEvents
{
    /// <summary>
    /// Requests sent and not answered. A peer serves one connection's requests one after another, so more would gain nothing than to
    /// be farther along when the peer is slow, and each of them holds its bytes on both sides.
    /// </summary>
    public const int InFlightMax = 16;

    private readonly Queue<LinkCall> _inFlight = new();
    private INodeTransport? _transport;
    private int _lastCorrelationId;

    /// <summary>Known once the peer has told them; requests wait until then.</summary>
    public PeerVersions? Versions { get; set; }

    public bool WasConnected { get; private set; }

    /// <summary>True once a request of the link's users was answered: the peer works.</summary>
    public bool HasServed { get; private set; }

    public bool HasEnded { get; private set; }

    public bool HasRoom => Versions is not null && _inFlight.Count < InFlightMax;

    int INodeTransportEvents.NextFrameBytesMax
    {
        get
        {
            lock (guard)
            {
                return !HasEnded && _inFlight.TryPeek(out LinkCall? call) ? AnswerLimits.Of(call.Api) : 0;
            }
        }
    }

    public void Open(INodeConnector connector) => _transport = connector.Connect(link.Address, this);

    /// <summary>Sends a call in the highest version possible; false, and why, when there is none.</summary>
    public bool TrySend(LinkCall call, out string? refusal)
    {
        if (!Versions!.TryChoose(call.Api, call.Lowest, call.Highest, out short version, out refusal))
        {
            return false;
        }

        try
        {
            Send(call, version);
            return true;
        }
        catch (InvalidOperationException error)
        {
            refusal = error.Message;
            return false;
        }
    }

    /// <summary>Sends a call.</summary>
    /// <exception cref="InvalidOperationException">The version cannot carry the request; nothing was sent.</exception>
    public void Send(LinkCall call, short version)
    {
        ApiDescriptor api = MessageCatalog.Api(call.Api);
        var writer = new WireWriter();
        try
        {
            writer.WriteInt32(0);
            new RequestHeader
            {
                RequestApiKey = (short)call.Api,
                RequestApiVersion = version,
                CorrelationId = _lastCorrelationId + 1,
                ClientId = clientId,
            }.Write(writer, api.RequestHeaderVersion(version));
            call.Request!.Write(writer, version);
            BinaryPrimitives.WriteInt32BigEndian(writer.WrittenBytes, writer.Length - sizeof(int));
        }
        catch
        {
            writer.Dispose();
            throw;
        }

        (call.Version, call.CorrelationId, call.SentOn, call.Request) = (version, ++_lastCorrelationId, this, null);
        _inFlight.Enqueue(call);
        _transport!.Send(new OutboundFrame([OutboundPart.Of(writer.WrittenMemory)], [writer]));
    }

    /// <summary>Ends it; false when it had ended before. The calls in flight are left to the caller.</summary>
    public bool TryEnd(out LinkCall[] inFlight)
    {
        inFlight = [.. _inFlight];
        _inFlight.Clear();
        if (HasEnded)
        {
            return false;
        }

        HasEnded = true;
        _transport!.Close();
        return true;
    }

    void INodeTransportEvents.OnConnected()
    {
        lock (guard)
        {
            WasConnected = true;
        }
    }

    void INodeTransportEvents.OnFrame(InboundFrame frame)
    {
        LinkCall? call = null;
        string? fault = null;
        lock (guard)
        {
            if (HasEnded)
            {
                frame.Dispose();
                return;
            }

            fault = _inFlight.TryPeek(out call) ? Mismatch(frame, call) : "an answer that nobody asked for";
            if (fault is null)
            {
                _inFlight.Dequeue();
            }
        }

        if (fault is not null)
        {
            frame.Dispose();
            link.End(this, LinkEnd.Faulty, fault);
            return;
        }

        link.OnRoom();
        Complete(call!, frame);
    }

    void INodeTransportEvents.OnClosed(LinkEnd why, string reason) => link.End(this, why, reason);

    private static string? Mismatch(InboundFrame frame, LinkCall call)
    {
        if (frame.Length < sizeof(int))
        {
            return $"an answer of {frame.Length} bytes";
        }

        int id = BinaryPrimitives.ReadInt32BigEndian(frame.Bytes.Span);
        return id == call.CorrelationId ? null : $"the answer to request {id} came where that to {call.CorrelationId} was due";
    }

    private void Complete(LinkCall call, InboundFrame frame)
    {
        if (!call.TryFinish())
        {
            // Its deadline has just passed, and whoever saw that ends the connection.
            frame.Dispose();
            return;
        }

        try
        {
            // Before the caller hears of it, so that what it does next finds the link as it is.
            lock (guard)
            {
                HasServed |= call is not VersionsCall;
            }

            call.Complete(frame);
        }
        catch (ProtocolException malformed)
        {
            string reason = $"malformed answer to {call.Api} version {call.Version}: {malformed.Message}";
            link.End(this, LinkEnd.Faulty, reason);
            call.Fail(LinkException.Ended(LinkEnd.Faulty, reason, link.Address, call.Api, wasSent: true));
        }
    }
}
