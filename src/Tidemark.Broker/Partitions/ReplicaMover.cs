using System.Buffers;
using Microsoft.Extensions.Logging;
using Tidemark.Broker.Replicating;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Storage.Checkpoints;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Moves replicas between the log directories of this broker: copies the log piece by piece in the background, and swaps the copy in
/// under the partition's lock once nothing is missing. A stop or crash on the way leaves the replica where it was; the copy goes on from
/// where it stood when the broker is back.
/// </summary>
/// <param name="throttle">How much may be copied in a second, over all moves.</param>
public sealed class ReplicaMover(LogDirectories directories, IBackground background, DelayQueue delays, ReplicationThrottle throttle, ILogger log)
{
    /// <summary>Larger pieces would keep others from the disk, smaller ones cost more than they copy.</summary>
    private const int PieceBytes = 1 << 20;

    private static readonly TimeSpan s_compactionEndsIn = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<TopicPartition> _moving = [];

    /// <summary>Called when a replica is in another directory than before.</summary>
    public Action<Partition, LogDirectory> OnMoved { get; set; } = (_, _) => { };

    /// <summary>Whether the replica's log is being compacted. No compaction begins while there is a copy, and one that is under way ends.</summary>
    public Func<Partition, bool> IsCompacting { get; set; } = _ => false;

    /// <summary>Begins a move, or does nothing where the replica is in the directory already.</summary>
    public ErrorCode Move(Partition partition, LogDirectory target)
    {
        if (target.IsOffline || partition.Log is null)
        {
            return ErrorCode.KafkaStorageError;
        }

        lock (_lock)
        {
            if (directories.TryGetFuture(partition.Name, out StoredPartition future) && !ReferenceEquals(future.Directory, target))
            {
                // Asked to go elsewhere, or to stay: the copy that was begun is of no use any more.
                directories.DeleteFuture(partition.Name);
            }

            // Looked up only now: a copy that was there until here may just have taken the replica's place.
            if (!directories.TryGet(partition.Name, out StoredPartition current))
            {
                return ErrorCode.KafkaStorageError;
            }

            if (ReferenceEquals(current.Directory, target))
            {
                return ErrorCode.None;
            }

            try
            {
                directories.GetOrCreateFuture(partition.Name, partition.TopicId, partition.Config.Log, target);
            }
            catch (IOException)
            {
                return ErrorCode.KafkaStorageError;
            }

            if (_moving.Add(partition.Name))
            {
                background.Post($"move {partition.Name}", () => Step(partition));
            }
        }

        return ErrorCode.None;
    }

    /// <summary>Takes up the moves that the end of the last life cut short. Called before clients write, so that nothing is appended twice.</summary>
    public void ResumeAll(PartitionRegistry partitions)
    {
        foreach (StoredPartition future in directories.Futures.ToArray())
        {
            TopicPartition name = future.Log.Partition;
            if (partitions.Find(name) is not { } partition || (!future.TopicId.IsZero && future.TopicId != partition.TopicId))
            {
                // A copy of what was deleted, or deleted and made anew, while this broker was away.
                Guard(name, () => directories.DeleteFuture(name));
            }
            else if (partition.Log is { } source && directories.TryGet(name, out StoredPartition current))
            {
                Guard(name, () => Resume(partition, source, current, future));
            }
        }
    }

    private void Resume(Partition partition, PartitionLog source, StoredPartition current, StoredPartition future)
    {
        if (ReferenceEquals(current.Directory, future.Directory))
        {
            directories.DeleteFuture(partition.Name);
            return;
        }

        // The crash may have taken records from the replica's end that the copy kept: others will come in their place.
        if (future.Log.LogEndOffset > source.LogEndOffset)
        {
            future.Log.TruncateTo(source.LogEndOffset);
        }

        lock (_lock)
        {
            if (_moving.Add(partition.Name))
            {
                MoverLog.Resumed(log, partition.Name.ToString(), future.Directory.Path, future.Log.LogEndOffset);
                background.Post($"move {partition.Name}", () => Step(partition));
            }
        }
    }

    private void Guard(TopicPartition name, Action work)
    {
        try
        {
            work();
        }
        catch (IOException e)
        {
            MoverLog.Failed(log, name.ToString(), e);
        }
    }

    private void Step(Partition partition)
    {
        TimeSpan wait = IsCompacting(partition) ? s_compactionEndsIn : throttle.Wait;
        if (wait > TimeSpan.Zero)
        {
            delays.Run(() => background.Post($"move {partition.Name}", () => Step(partition)), wait);
            return;
        }

        bool goOn = false;
        StoredPartition? future = null;
        try
        {
            goOn = directories.TryGetFuture(partition.Name, out future)
                && partition.Log is { } source
                && (Copy(source, future.Log, source.LogEndOffset) > 0 || !Swap(partition, future));
        }
        catch (IOException e)
        {
            MoverLog.Failed(log, partition.Name.ToString(), e);
        }
        finally
        {
            lock (_lock)
            {
                // Whoever asked for the next move before this one was out of the list has begun a copy and left it to this.
                goOn |= directories.TryGetFuture(partition.Name, out StoredPartition next) && !ReferenceEquals(next, future);
                if (!goOn)
                {
                    _moving.Remove(partition.Name);
                }
            }
        }

        if (goOn)
        {
            background.Post($"move {partition.Name}", () => Step(partition));
        }
    }

    /// <summary>Copies one piece; answers how many bytes it had, and more than none where another try is needed.</summary>
    private int Copy(PartitionLog source, PartitionLog copy, Offset end)
    {
        int cuts = source.Cuts;
        CutToCommonPart(source, copy);
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

    /// <summary>Copies what came meanwhile with appends held off, and swaps. False when that is still too much to hold them off for, or the copy has been given up.</summary>
    private bool Swap(Partition partition, StoredPartition future)
    {
        bool swapped = partition.SwapLog(
            source =>
            {
                if (source.LogEndOffset - future.Log.LogEndOffset > 0 && Copy(source, future.Log, source.LogEndOffset) == PieceBytes)
                {
                    return null;
                }

                while (Copy(source, future.Log, source.LogEndOffset) > 0)
                {
                }

                future.Log.AdvanceLogStart(source.LogStart);
                return directories.ReplaceWithFuture(future)?.Log;
            },
            out _);
        if (swapped)
        {
            MoverLog.Moved(log, partition.Name.ToString(), future.Directory.Path);
            OnMoved(partition, future.Directory);
        }

        return swapped;
    }
}

/// <summary>What is logged of moves between directories. Event ids 1200–1299.</summary>
internal static partial class MoverLog
{
    [LoggerMessage(1200, LogLevel.Information, "{Partition} has moved to {Directory}")]
    public static partial void Moved(ILogger log, string partition, string directory);

    [LoggerMessage(1201, LogLevel.Error, "The move of {Partition} to another log directory failed")]
    public static partial void Failed(ILogger log, string partition, Exception e);

    [LoggerMessage(1202, LogLevel.Information, "The move of {Partition} to {Directory} goes on from offset {Offset}")]
    public static partial void Resumed(ILogger log, string partition, string directory, Offset offset);
}
