using Tidemark.Primitives;
using Tidemark.Storage.Directories;
using Tidemark.Storage.Files;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

public sealed partial class PartitionLog
{
    /// <summary>True when <c>flush.ms</c> has passed since the last flush and there is something to flush.</summary>
    public bool IsFlushDue =>
        !_failed && RecoveryPoint < LogEndOffset && _surroundings.NowMs - Volatile.Read(ref _lastFlushMs) >= Options.FlushMs;

    /// <summary>Returns when everything that was appended before the call is on the disk.</summary>
    /// <exception cref="IOException">The disk failed, now or before.</exception>
    public void Flush() => FlushTo(wholeLog: true);

    /// <summary>
    /// Flushes all but the active segment, and with them the producers and epochs that belong to them. To be called in the background
    /// after <see cref="IStorageEvents.Rolled"/>, so that recovery never has more than a segment or two to look through.
    /// </summary>
    /// <exception cref="IOException">The disk failed, now or before.</exception>
    public void FlushSealed() => FlushTo(wholeLog: false);

    private void FlushTo(bool wholeLog)
    {
        lock (_flushGate)
        {
            RequireUsable();
            try
            {
                long from = RecoveryPoint.Value;
                LogEnd end = _end;
                long sealedTo = end.Segment.BaseOffset;
                long to = wholeLog ? end.Offset : sealedTo;
                lock (_nameGate)
                {
                    RequireUsable();
                    WriteSnapshots();
                    if (from >= to && _indexesFlushedTo >= sealedTo)
                    {
                        return;
                    }

                    // Before the recovery point passes them, the epochs of what lies below it have to be on the disk.
                    Epochs.Persist(_surroundings.Disk);
                }

                FlushSegments(Math.Min(from, _indexesFlushedTo), to);
                _indexesFlushedTo = sealedTo;
                lock (_gate)
                {
                    // A truncation meanwhile may have cut below what was flushed.
                    Volatile.Write(ref _recoveryPoint, Math.Max(_recoveryPoint, Math.Min(to, _end.Offset)));
                }

                Volatile.Write(ref _lastFlushMs, _surroundings.NowMs);
            }
            catch (IOException e)
            {
                Fence(e);
                throw;
            }
        }
    }

    private void FlushSegments(long from, long to)
    {
        Segment[] segments = _segments;
        for (int i = IndexOf(segments, from); i < segments.Length && segments[i].BaseOffset < to; i++)
        {
            try
            {
                segments[i].Flush();
                if (i < segments.Length - 1)
                {
                    segments[i].Offsets.Flush();
                    segments[i].Times.Flush();
                }
            }
            catch (FileNotFoundException) when (!ReferenceEquals(segments, _segments))
            {
                // Retention or a truncation removed it meanwhile; nothing is left to be flushed of it.
            }
        }

        if (!_identityIsFlushed && Path.Combine(Directory, PartitionMetadataFile.FileName) is var identity && _surroundings.Disk.FileExists(identity))
        {
            // Records that outlive a loss of power are lost all the same when it garbles the topic's id, for they would be another topic's.
            using IDiskFile file = _surroundings.Disk.OpenFile(identity, DiskOpen.Existing);
            file.Flush();
        }

        // The names of new segments have to survive as well, and that others are gone.
        if (_namesFlushedFor != segments[^1].BaseOffset)
        {
            // Noted first: a name that comes meanwhile, and may have come too late for this, takes the note away again.
            _namesFlushedFor = segments[^1].BaseOffset;
            _surroundings.Disk.SyncDirectory(Directory);
        }

        if (!_identityIsFlushed)
        {
            // Its own name too. Done here and not when it is made, for then a topic of many partitions would wait for the disk each time.
            _surroundings.Disk.SyncDirectory(Path.GetDirectoryName(Directory)!);
            _identityIsFlushed = true;
        }
    }

    private void WriteSnapshots()
    {
        while (true)
        {
            (long Offset, byte[] Content) next;
            lock (_gate)
            {
                if (_unwrittenSnapshots.Count == 0)
                {
                    return;
                }

                next = _unwrittenSnapshots[0];
                _unwrittenSnapshots.RemoveAt(0);
            }

            WriteSnapshot(next.Offset, next.Content, durable: true);
        }
    }

    private void WriteSnapshot(long offset, byte[] content, bool durable)
    {
        Files.AtomicFile.Write(
            _surroundings.Disk, SegmentNames.Of(Directory, offset, ProducerSnapshot.Suffix), content, durable);
        lock (_gate)
        {
            if (_snapshots.Count == 0 || _snapshots[^1] < offset)
            {
                _snapshots.Add(offset);
            }
        }
    }
}
