using Tidemark.Metadata.Records;
using Tidemark.Protocol;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// What a command decided: records to append as one batch (all of them count, or none), and the answer to give once they are committed.
/// A command without records is answered as soon as everything before it is committed.
/// </summary>
public readonly record struct Decision<TResponse>(IReadOnlyList<MetadataRecord> Records, TResponse Response)
{
    /// <summary>
    /// True when the answer had better wait until all brokers know of the records (<see cref="Image.MetadataImage.ToldOfTopics"/>): whoever gets it may ask
    /// any of them next, and has to find the topic as the answer says.
    /// </summary>
    public bool ConcernsAllBrokers { get; init; }
}

/// <summary>Gathers a command's records.</summary>
internal static class RecordLists
{
    public static void Add(this List<MetadataRecord> records, IMetadataRecord message, short version = 0) =>
        records.Add(new MetadataRecord(message, version));
}
