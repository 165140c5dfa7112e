using Tidemark.Metadata.Records;
using Tidemark.Protocol;

namespace Tidemark.Metadata.Commands;

/// <summary>
/// What a command decided: records to append as one batch (all of them count, or none), and the answer to give once they are committed.
/// A command without records is answered as soon as everything before it is committed.
/// </summary>
public readonly record struct Decision<TResponse>(IReadOnlyList<MetadataRecord> Records, TResponse Response);

/// <summary>Gathers a command's records.</summary>
internal static class RecordLists
{
    public static void Add(this List<MetadataRecord> records, IMetadataRecord message, short version = 0) =>
        records.Add(new MetadataRecord(message, version));
}
