using Tidemark.Primitives;

namespace Tidemark.Protocol.Cursors;

/// <summary>A partition as a Fetch request asks for it; what its version lacks has the protocol's default.</summary>
/// <param name="Partition">The partition's number.</param>
/// <param name="CurrentLeaderEpoch">The epoch that the client believes to be the leader's, -1 where it does not say.</param>
/// <param name="FetchOffset">The first offset wanted.</param>
/// <param name="LastFetchedEpoch">The epoch of the last record that the client has, -1 where it does not say.</param>
/// <param name="LogStartOffset">A follower's log start offset, -1 for a consumer.</param>
/// <param name="PartitionMaxBytes">The most bytes wanted; the first batch comes whole even when it is larger.</param>
/// <param name="ReplicaDirectoryId">A voter's directory, zero otherwise.</param>
/// <param name="HighWatermark">The high watermark that a follower knows; <see cref="long.MaxValue"/> where it does not say.</param>
public readonly record struct FetchedPartition(
    int Partition,
    int CurrentLeaderEpoch,
    long FetchOffset,
    int LastFetchedEpoch,
    long LogStartOffset,
    int PartitionMaxBytes,
    Uuid ReplicaDirectoryId,
    long HighWatermark)
{
    /// <summary>The bytes of number, offset and size, which every version has.</summary>
    internal const int SizeMin = sizeof(int) + sizeof(long) + sizeof(int);

    internal static FetchedPartition Read(ref WireReader reader, short version, bool isFlexible)
    {
        int partition = reader.ReadInt32();
        int currentLeaderEpoch = version >= 9 ? reader.ReadInt32() : -1;
        long fetchOffset = reader.ReadInt64();
        int lastFetchedEpoch = version >= 12 ? reader.ReadInt32() : -1;
        long logStartOffset = version >= 5 ? reader.ReadInt64() : -1;
        int partitionMaxBytes = reader.ReadInt32();
        Uuid directory = default;
        long highWatermark = long.MaxValue;
        if (isFlexible)
        {
            TagSection tags = reader.ReadTags();
            while (reader.NextTag(ref tags))
            {
                switch (tags.Number)
                {
                    case 0 when version >= 17:
                        directory = reader.ReadUuid();
                        break;
                    case 1 when version >= 18:
                        highWatermark = reader.ReadInt64();
                        break;
                    default:
                        reader.SkipTag(in tags);
                        break;
                }
            }
        }

        return new FetchedPartition(
            partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, logStartOffset, partitionMaxBytes, directory, highWatermark);
    }
}
