using System.Buffers.Binary;
using Tidemark.Protocol;

namespace Tidemark.Broker.Connections;

/// <summary>What precedes every response's body: the frame's size, the correlation id, and in flexible versions an empty set of tagged fields.</summary>
internal static class ResponseHead
{
    public const int SizePrefix = sizeof(int);

    public static void Write(WireWriter writer, ApiKey api, short version, int correlationId)
    {
        writer.WriteInt32(0);
        writer.WriteInt32(correlationId);
        if (MessageCatalog.Api(api).ResponseHeaderVersion(version) > 0)
        {
            writer.WriteVarUInt32(0);
        }
    }

    /// <summary>Fills in the size once it is known.</summary>
    public static void SetSize(WireWriter writer, long frameBytes) =>
        BinaryPrimitives.WriteInt32BigEndian(writer.WrittenBytes, checked((int)(frameBytes - SizePrefix)));
}
