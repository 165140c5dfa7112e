using System.Buffers.Binary;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Client.Connections;

/// <summary>How requests and answers stand on a connection: a size of four bytes, then header and body.</summary>
public static class MessageFrame
{
    /// <summary>Appends a request with its size and header.</summary>
    /// <exception cref="ClientException">A text is too long, or a field is set that the broker's version has no place for. The writer ends in a piece of it then.</exception>
    public static void Append(WireWriter writer, IApiRequest request, short version, int id, string clientId)
    {
        int start = writer.Length;
        ApiDescriptor api = MessageCatalog.Api(request.Api);
        writer.WriteInt32(0);
        new RequestHeader
        {
            RequestApiKey = (short)request.Api,
            RequestApiVersion = version,
            CorrelationId = id,
            ClientId = clientId,
        }.Write(writer, api.RequestHeaderVersion(version));
        try
        {
            request.Write(writer, version);
        }
        catch (InvalidOperationException unfit)
        {
            throw new ClientException($"{request.Api} cannot be sent: {unfit.Message}", unfit);
        }

        BinaryPrimitives.WriteInt32BigEndian(writer.WrittenBytes[start..], writer.Length - start - sizeof(int));
    }

    /// <summary>Reads an answer, without its size. It may hold views on the bytes.</summary>
    /// <exception cref="ProtocolException">The bytes are no such answer.</exception>
    public static TResponse Read<TResponse>(ReadOnlyMemory<byte> frame, ApiKey api, short version)
        where TResponse : IMessage<TResponse>
    {
        var reader = new WireReader(frame);
        ResponseHeader.Read(ref reader, MessageCatalog.Api(api).ResponseHeaderVersion(version));
        return TResponse.Read(ref reader, version);
    }
}
