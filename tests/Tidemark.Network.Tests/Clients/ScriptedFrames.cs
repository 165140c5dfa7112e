using System.Buffers.Binary;
using Tidemark.Broker.Connections;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;

namespace Tidemark.Network.Tests.Clients;

/// <summary>Reads requests and writes the answers that a script has for them.</summary>
internal static class ScriptedFrames
{
    /// <summary>Answers a request with a message and the version to write it in; without a message nothing is sent.</summary>
    public delegate (IMessage? Response, short Version) Script(ApiKey api, ref WireReader reader, short version);

    public static void Serve(EchoBroker.Handler connection, InboundFrame frame, Script script)
    {
        using (frame)
        {
            short version = BinaryPrimitives.ReadInt16BigEndian(frame.Bytes.Span[2..]);
            ApiDescriptor api = MessageCatalog.Api((ApiKey)BinaryPrimitives.ReadInt16BigEndian(frame.Bytes.Span));
            var reader = new WireReader(frame.Bytes);
            RequestHeader header = RequestHeader.Read(ref reader, api.RequestHeaderVersion(version));
            (IMessage? response, short answered) = script(api.Key, ref reader, version);
            if (response is null)
            {
                return;
            }

            using var writer = new WireWriter();
            new ResponseHeader { CorrelationId = header.CorrelationId }.Write(writer, api.ResponseHeaderVersion(answered));
            response.Write(writer, answered);
            connection.Transport.Send(EchoBroker.Answer(writer.WrittenSpan));
        }
    }
}
