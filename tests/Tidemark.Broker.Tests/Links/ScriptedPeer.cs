using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Tests.Links;

/// <summary>A node on the other side that answers as the test says: ApiVersions truthfully, anything else by the script.</summary>
internal sealed class ScriptedPeer : IConnectionAcceptor
{
    public List<Asked> Requests { get; } = [];

    public List<Session> Sessions { get; } = [];

    /// <summary>What to answer: a message, or null for nothing.</summary>
    public Func<Asked, IMessage?> Script { get; set; } = _ => null;

    /// <summary>The APIs it tells of; null for all, in all versions.</summary>
    public List<ApiVersionsResponse.ApiVersion>? Offers { get; set; }

    /// <summary>The highest version of ApiVersions that it knows.</summary>
    public short ApiVersionsMax { get; set; } = 4;

    public IConnectionHandler Accept(ConnectionInfo info, IConnectionTransport transport)
    {
        var session = new Session(this, info, transport);
        Sessions.Add(session);
        return session;
    }

    public static OutboundFrame Frame(ReadOnlySpan<byte> bytes)
    {
        byte[] whole = new byte[sizeof(int) + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(whole, bytes.Length);
        bytes.CopyTo(whole.AsSpan(sizeof(int)));
        return new OutboundFrame([OutboundPart.Of(whole)], []);
    }

    internal sealed record Asked(Session Session, ApiKey Api, short Version, int CorrelationId, string? ClientId, byte[] Frame, int BodyStart)
    {
        public T Read<T>()
            where T : IMessage<T>
        {
            var reader = new WireReader(Frame.AsMemory(BodyStart));
            return T.Read(ref reader, Version);
        }

        public void Answer(IMessage message, short? version = null)
        {
            short used = version ?? Version;
            using var writer = new WireWriter();
            new ResponseHeader { CorrelationId = CorrelationId }.Write(writer, MessageCatalog.Api(Api).ResponseHeaderVersion(used));
            message.Write(writer, used);
            Session.Transport.Send(ScriptedPeer.Frame(writer.WrittenSpan));
        }
    }

    internal sealed class Session(ScriptedPeer peer, ConnectionInfo info, IConnectionTransport transport) : IConnectionHandler
    {
        public ConnectionInfo Info => info;

        public IConnectionTransport Transport => transport;

        public bool IsClosed { get; private set; }

        public void OnFrame(InboundFrame frame)
        {
            using (frame)
            {
                byte[] bytes = frame.Bytes.ToArray();
                var api = (ApiKey)BinaryPrimitives.ReadInt16BigEndian(bytes);
                short version = BinaryPrimitives.ReadInt16BigEndian(bytes.AsSpan(2));
                var reader = new WireReader(bytes);
                RequestHeader header = RequestHeader.Read(ref reader, MessageCatalog.Api(api).RequestHeaderVersion(version));
                var asked = new Asked(this, api, version, header.CorrelationId, header.ClientId, bytes, reader.Position);
                peer.Requests.Add(asked);
                if (api == ApiKey.ApiVersions)
                {
                    AnswerVersions(asked);
                }
                else if (peer.Script(asked) is { } answer)
                {
                    asked.Answer(answer);
                }
            }
        }

        public void OnClosed() => IsClosed = true;

        private void AnswerVersions(Asked asked)
        {
            var response = new ApiVersionsResponse();
            if (asked.Version > peer.ApiVersionsMax)
            {
                response.ErrorCode = Primitives.ErrorCode.UnsupportedVersion;
                response.ApiKeys.Add(new() { ApiKey = (short)ApiKey.ApiVersions, MaxVersion = peer.ApiVersionsMax });
                asked.Answer(response, version: 0);
                return;
            }

            response.ApiKeys.AddRange(peer.Offers ?? [.. MessageCatalog.Apis.Where(a => !a.IsRetired).Select(a =>
                new ApiVersionsResponse.ApiVersion { ApiKey = (short)a.Key, MinVersion = a.LowestVersion, MaxVersion = a.HighestStableVersion })]);
            asked.Answer(response);
        }
    }
}
