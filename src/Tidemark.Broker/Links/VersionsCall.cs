using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Broker.Links;

/// <summary>
/// The first exchange on a connection: which versions the peer speaks. Who does not know the version asked in says so in version 0, with
/// the versions it does know, and is asked again (KIP-511).
/// </summary>
internal sealed class VersionsCall(NodeLink link, LinkConnection connection, ApiVersionsRequest request, short version)
    : LinkCall(link, ApiKey.ApiVersions, request, version, version)
{
    private readonly ApiVersionsRequest _request = request;

    public override void Complete(InboundFrame frame)
    {
        ApiVersionsResponse response;
        bool unknown;
        using (frame)
        {
            // The header of this answer is version 0 always: the correlation id alone.
            unknown = frame.Length >= sizeof(int) + sizeof(short)
                && BinaryPrimitives.ReadInt16BigEndian(frame.Bytes.Span[sizeof(int)..]) == (short)ErrorCode.UnsupportedVersion;
            response = Read<ApiVersionsResponse>(frame.Bytes, unknown ? (short)0 : Version);
        }

        if (unknown && Version > 0)
        {
            short theirs = response.ApiKeys.Find(api => api.ApiKey == (short)ApiKey.ApiVersions)?.MaxVersion ?? 0;
            Link.AskVersions(connection, _request, Math.Clamp(theirs, (short)0, (short)(Version - 1)));
        }
        else if (response.ErrorCode != ErrorCode.None)
        {
            throw new ProtocolException($"the peer refuses to tell its versions: {response.ErrorCode}");
        }
        else
        {
            Link.OnVersions(connection, new PeerVersions(response));
        }
    }

    /// <summary>The requests that waited for it are told why there is no connection.</summary>
    public override void Fail(LinkException failure)
    {
    }
}
