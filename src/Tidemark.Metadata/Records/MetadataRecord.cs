using Tidemark.Protocol;

namespace Tidemark.Metadata.Records;

/// <summary>A record of the metadata log with the version in which it is written.</summary>
public sealed record MetadataRecord(IMetadataRecord Message, short Version)
{
    /// <summary>Writes the value of the log's record.</summary>
    public void Write(WireWriter writer) => MetadataRecordFrame.Write(writer, Message, Version);

    /// <summary>
    /// Reads the value of one of the log's records. Bytes in the message are views on <paramref name="value"/>.
    /// Throws <see cref="ProtocolException"/> for malformed bytes and for types and versions that are not known.
    /// </summary>
    public static MetadataRecord Read(ReadOnlyMemory<byte> value)
    {
        IMetadataRecord message = MetadataRecordFrame.Read(value, out short version);
        return new MetadataRecord(message, version);
    }
}
