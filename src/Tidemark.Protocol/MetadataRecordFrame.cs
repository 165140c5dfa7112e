namespace Tidemark.Protocol;

/// <summary>
/// How a record of the metadata log is framed in a record's value: the frame's version (1), the record's number and its version,
/// each an unsigned integer of variable length, then the body (KIP-631).
/// </summary>
public static class MetadataRecordFrame
{
    private const uint FrameVersion = 1;

    /// <summary>Writes a record with its frame.</summary>
    public static void Write(WireWriter writer, IMetadataRecord record, short version)
    {
        writer.WriteVarUInt32(FrameVersion);
        writer.WriteVarUInt32((ushort)record.RecordType);
        writer.WriteVarUInt32((ushort)version);
        record.Write(writer, version);
    }

    /// <summary>Reads a framed record, which must fill the bytes. Throws <see cref="ProtocolException"/> otherwise.</summary>
    public static IMetadataRecord Read(ReadOnlyMemory<byte> value) => Read(value, out _);

    /// <summary>As <see cref="Read(ReadOnlyMemory{byte})"/>, and tells the version that the record was written in.</summary>
    public static IMetadataRecord Read(ReadOnlyMemory<byte> value, out short version)
    {
        var reader = new WireReader(value);
        uint frame = reader.ReadVarUInt32();
        if (frame != FrameVersion)
        {
            throw new ProtocolException($"A metadata record's frame has version {frame}; {FrameVersion} is known.");
        }

        short type = ReadShort(ref reader, "number");
        version = ReadShort(ref reader, "version");
        IMetadataRecord record = MessageCatalog.ReadMetadataRecord(type, ref reader, version);
        return reader.Remaining == 0
            ? record
            : throw new ProtocolException($"{reader.Remaining} bytes follow a metadata record of type {type}.");
    }

    private static short ReadShort(ref WireReader reader, string what)
    {
        uint value = reader.ReadVarUInt32();
        return value <= (uint)short.MaxValue ? (short)value : throw new ProtocolException($"A metadata record's {what} is {value}.");
    }
}
