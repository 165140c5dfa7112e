namespace Tidemark.Protocol;

/// <summary>A log that coordinators keep their state in; each numbers its records for itself.</summary>
public enum CoordinatorLog
{
    /// <summary><c>__consumer_offsets</c></summary>
    Groups,

    /// <summary><c>__share_group_state</c></summary>
    Shares,

    /// <summary><c>__transaction_state</c></summary>
    Transactions,
}

/// <summary>
/// How coordinators' records are framed: a record's key opens with its number, its value with the value's version, both as int16.
/// A key has one version only; what used to be its versions are the numbers now. No value means that the key's state is removed.
/// </summary>
public static class CoordinatorRecordFrame
{
    private const short KeyVersion = 0;

    public static void WriteKey(WireWriter writer, ICoordinatorKey key)
    {
        writer.WriteInt16(key.RecordType);
        key.Write(writer, KeyVersion);
    }

    public static void WriteValue(WireWriter writer, ICoordinatorValue value, short version)
    {
        writer.WriteInt16(version);
        value.Write(writer, version);
    }

    /// <summary>Reads a key. A number that the log does not define throws <see cref="ProtocolException"/>.</summary>
    public static ICoordinatorKey ReadKey(CoordinatorLog log, ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        short type = reader.ReadInt16();
        return log switch
        {
            CoordinatorLog.Groups => MessageCatalog.ReadGroupKey(type, ref reader, KeyVersion),
            CoordinatorLog.Shares => MessageCatalog.ReadShareKey(type, ref reader, KeyVersion),
            _ => MessageCatalog.ReadTransactionKey(type, ref reader, KeyVersion),
        };
    }

    /// <summary>Reads the value that belongs to a key of a number.</summary>
    public static ICoordinatorValue ReadValue(CoordinatorLog log, short recordType, ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        short version = reader.ReadInt16();
        return log switch
        {
            CoordinatorLog.Groups => MessageCatalog.ReadGroupValue(recordType, ref reader, version),
            CoordinatorLog.Shares => MessageCatalog.ReadShareValue(recordType, ref reader, version),
            _ => MessageCatalog.ReadTransactionValue(recordType, ref reader, version),
        };
    }
}
