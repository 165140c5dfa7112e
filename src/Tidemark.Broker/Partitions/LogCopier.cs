using System.Buffers;
using Tidemark.Broker.Replicating;
using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>Copies a replica's log piece by piece to another directory, for one move.</summary>
internal sealed class LogCopier(ReplicationThrottle throttle)
{
    /// <summary>Larger pieces would keep others from the disk, smaller ones cost more than they copy.</summary>
    public const int PieceBytes = 1 << 20;

    /// <summary>The copy that was last seen to be a part of this log, and the log's <see cref="PartitionLog.Cuts"/> before it was looked at: until they change it stays one.</summary>
    private (PartitionLog? Source, PartitionLog? Copy, int Cuts) _agreed;

    /// <summary>Copies one piece; answers how many bytes it had, and more than none where another try is needed.</summary>
    public int Copy(PartitionLog source, PartitionLog copy, Offset end)
    {
        int cuts = source.Cuts;
        if (_agreed != (source, copy, cuts))
        {
            CutToCommonPart(source, copy);
            _agreed = (source, copy, cuts);
        }

        if (copy.LogEndOffset < source.LogStart)
        {
            copy.TruncateFullyAndStartAt(source.LogStart);
        }

        if (copy.LogEndOffset >= end)
        {
            return 0;
        }

        using LogSlice slice = source.Read(copy.LogEndOffset, PieceBytes, end, atLeastOneBatch: true);
        if (slice.Error != ErrorCode.None && source.Cuts != cuts)
        {
            return 1;
        }

        if (slice.Error != ErrorCode.None)
        {
            throw new IOException($"the log cannot be read at {copy.LogEndOffset}: {slice.Error}");
        }

        byte[] piece = ArrayPool<byte>.Shared.Rent(slice.Length);
        try
        {
            slice.CopyTo(piece);
            if (source.Cuts != cuts)
            {
                // The replica was cut while it was read: in the piece, what it got since may stand behind what it lost.
                return 1;
            }

            AppendResult appended = copy.AppendAsFollower(piece.AsSpan(0, slice.Length));
            throttle.Record(slice.Length);
            return appended.Error == ErrorCode.None ? slice.Length : throw new IOException($"the copy refused a piece: {appended.Error}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>
    /// A follower that is being moved may have been cut since it was copied, where it had parted from a new leader, and have other records there by now. The
    /// copy was a part of it once, so that they agree up to the end of the last epoch that both know.
    /// </summary>
    private static void CutToCommonPart(PartitionLog source, PartitionLog copy)
    {
        Offset common = Offset.Min(copy.LogEndOffset, source.LogEndOffset);
        ReadOnlySpan<EpochStart> epochs = copy.Epochs.Entries;
        for (int i = epochs.Length - 1; i >= 0; i--)
        {
            if (source.EndOffsetForEpoch(epochs[i].Epoch, out LeaderEpoch found, out Offset end) && found == epochs[i].Epoch)
            {
                common = Offset.Min(common, end);
                break;
            }

            common = Offset.Min(common, epochs[i].Start);
        }

        if (common < copy.LogEndOffset)
        {
            copy.TruncateTo(common);
        }
    }
}
