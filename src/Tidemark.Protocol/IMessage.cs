namespace Tidemark.Protocol;

/// <summary>A message that can be written in the versions its class names.</summary>
public interface IMessage
{
    /// <summary>
    /// Writes the message's body. Throws <see cref="InvalidOperationException"/> for a version that the message lacks, and when
    /// a field that the version lacks has another value than its default, unless the field is defined to be ignorable.
    /// </summary>
    void Write(WireWriter writer, short version);
}

/// <summary>A message that can be read too.</summary>
public interface IMessage<TSelf> : IMessage
    where TSelf : IMessage<TSelf>
{
    /// <summary>The lowest version that can be read and written.</summary>
    static abstract short Lowest { get; }

    /// <summary>The highest version that can be read and written.</summary>
    static abstract short Highest { get; }

    /// <summary>
    /// Reads the message's body. Bytes and records are views on the reader's memory, which has to outlive them.
    /// Throws <see cref="ProtocolException"/> for malformed bytes and for a version that the message lacks.
    /// </summary>
    static abstract TSelf Read(ref WireReader reader, short version);
}

/// <summary>A request or a response.</summary>
public interface IApiMessage : IMessage
{
    ApiKey Api { get; }
}

/// <summary>What a client sends.</summary>
public interface IApiRequest : IApiMessage;

/// <summary>What a request is answered with.</summary>
public interface IApiResponse : IApiMessage;

/// <summary>A record of the metadata log.</summary>
public interface IMetadataRecord : IMessage
{
    /// <summary>The number that says on disk which record it is; see <see cref="MetadataRecordType"/>.</summary>
    short RecordType { get; }
}

/// <summary>The key of a record in a coordinator's log.</summary>
public interface ICoordinatorKey : IMessage
{
    short RecordType { get; }
}

/// <summary>The value of a record in a coordinator's log.</summary>
public interface ICoordinatorValue : IMessage
{
    short RecordType { get; }
}
