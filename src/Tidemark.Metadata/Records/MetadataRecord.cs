using Tidemark.Protocol;

namespace Tidemark.Metadata.Records;

/// <summary>A record of the metadata log with the version in which it is written.</summary>
public readonly record struct MetadataRecord(IMetadataRecord Message, short Version)
{
    private const uint FrameVersion = 1;

    /// <summary>Writes the value of the log's record: frame version, type and version as unsigned varints, then the message.</summary>
    public void Write(WireWriter writer)
    {
        writer.WriteVarUInt32(FrameVersion);
        writer.WriteVarUInt32((uint)Message.RecordType);
        writer.WriteVarUInt32((uint)Version);
        Message.Write(writer, Version);
    }

    /// <summary>
    /// Reads the value of one of the log's records. Bytes in the message are views on <paramref name="value"/>.
    /// Throws <see cref="ProtocolException"/> for malformed bytes and for types and versions that are not known.
    /// </summary>
    public static MetadataRecord Read(ReadOnlyMemory<byte> value)
    {
        var reader = new WireReader(value);
        uint frame = reader.ReadVarUInt32();
        if (frame != FrameVersion)
        {
            throw new ProtocolException($"Unknown frame version {frame} of a metadata record; known is {FrameVersion}.");
        }

        uint type = reader.ReadVarUInt32();
        uint version = reader.ReadVarUInt32();
        if (type > (uint)short.MaxValue || version > (uint)short.MaxValue)
        {
            throw new ProtocolException($"Metadata record of type {type} in version {version}.");
        }

        IMetadataRecord message = MessageCatalog.ReadMetadataRecord((short)type, ref reader, (short)version);
        if (reader.Remaining > 0)
        {
            throw new ProtocolException($"{reader.Remaining} bytes too many behind a metadata record of type {type}.");
        }

        return new MetadataRecord(message, (short)version);
    }
}
