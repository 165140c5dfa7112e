using Tidemark.Primitives;
using Tidemark.Storage.Producers;
using Tidemark.Storage.Segments;

namespace Tidemark.Storage.Logs;

/// <summary>
/// The log of one partition: segments, leader epochs, producers. Thread-safe: one writer at a time under a short lock; readers take
/// none. After the first failed write or flush the log takes nothing more (a later append would leave a hole, KAFKA-10778):
/// every call then answers <see cref="ErrorCode.KafkaStorageError"/> or throws <see cref="IOException"/>.
/// The high watermark belongs to replication; what depends on it gets it as an argument.
/// </summary>
public sealed partial class PartitionLog
{
    private readonly LogSurroundings _surroundings;
    private readonly Lock _gate = new();
    private readonly Lock _flushGate = new();

    /// <summary>
    /// Held, before the lock of appends, by whoever writes or removes files by their names without it: once the log is abandoned another one of the same name
    /// may be made in its directory's place.
    /// </summary>
    private readonly Lock _nameGate = new();
    private readonly ProducerTable _producers;
    private readonly List<long> _snapshots;
    private readonly List<(long Offset, byte[] Content)> _unwrittenSnapshots = [];
    private volatile Segment[] _segments;
    private volatile LogEnd _end;
    private long _logStart;
    private long _recoveryPoint;
    private long _lastFlushMs;
    private long _firstUnstable;
    private volatile bool _failed;
    private long _namesFlushedFor = -1;

    /// <summary>The indexes of the segments that end at or before this offset are on the disk.</summary>
    private long _indexesFlushedTo;

    /// <summary>Odd while the log is being cut, and another number afterwards: by it, readers without a lock learn that they may have seen half of it.</summary>
    private int _cuts;
    private readonly long _unflushedFrom;
    private bool _mayHaveGaps;
    private bool _identityIsFlushed;
    private bool _closed;
    private bool _isAbandoned;

    private PartitionLog(LogSurroundings surroundings, string directory, TopicPartition partition, LogOptions options, LoadedLog loaded)
    {
        _surroundings = surroundings;
        Directory = directory;
        Partition = partition;
        Options = options;
        _segments = [.. loaded.Segments];
        _producers = loaded.Producers;
        _snapshots = loaded.Snapshots;
        _logStart = loaded.LogStart;
        _recoveryPoint = loaded.RecoveryPoint;
        _indexesFlushedTo = loaded.RecoveryPoint;
        _mayHaveGaps = options.WasCompacted;
        _identityIsFlushed = loaded.IdentityIsFlushed;
        _unflushedFrom = loaded.UnflushedFrom;
        _lastFlushMs = surroundings.NowMs;
        Epochs = loaded.Epochs;
        Segment active = _segments[^1];
        _end = new LogEnd(loaded.End, active, active.Size, null);
        PublishFirstUnstable();
    }

    /// <summary>The partition's directory. Changes when the directory is renamed.</summary>
    public string Directory { get; private set; }

    public TopicPartition Partition { get; }

    /// <summary>May be replaced at any time; the next decision takes the new ones.</summary>
    public LogOptions Options { get; set; }

    /// <summary>Which leadership wrote which offsets.</summary>
    public LeaderEpochCache Epochs { get; }

    /// <summary>The first offset that may be read.</summary>
    public Offset LogStart => new(Volatile.Read(ref _logStart));

    /// <summary>The offset that the next record gets.</summary>
    public Offset LogEndOffset => new(_end.Offset);

    /// <summary>Everything below is on the disk for certain.</summary>
    public Offset RecoveryPoint => new(Volatile.Read(ref _recoveryPoint));

    /// <summary>The disk failed; the log takes and gives nothing more.</summary>
    public bool IsFailed => _failed;

    /// <summary>Bytes in all segments.</summary>
    public long SizeBytes
    {
        get
        {
            long bytes = 0;
            foreach (Segment segment in _segments)
            {
                bytes += segment.Size;
            }

            return bytes;
        }
    }

    public int SegmentCount => _segments.Length;

    /// <summary>The first segment's base offset.</summary>
    public Offset FirstSegmentBaseOffset => new(_segments[0].BaseOffset);

    /// <summary>The active segment's base offset.</summary>
    public Offset ActiveBaseOffset => new(_segments[^1].BaseOffset);

    /// <summary>The first offset of a transaction that is open or whose end is not replicated; <see cref="Offset.Unknown"/> when there is none.</summary>
    public Offset FirstUnstableOffset => new(Volatile.Read(ref _firstUnstable));

    /// <summary>
    /// Opens the log in its directory, which is made when it is absent, and recovers it where that is needed. Many may be opened at once.
    /// </summary>
    /// <param name="recoveryPoint">From the checkpoint; zero when it has none.</param>
    /// <param name="logStart">From the checkpoint; zero when it has none.</param>
    /// <param name="cleanShutdown">The directory was left in good order: lengths are trusted and nothing is scanned.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public static PartitionLog Open(
        LogSurroundings surroundings,
        string directory,
        TopicPartition partition,
        LogOptions options,
        Offset recoveryPoint,
        Offset logStart,
        bool cleanShutdown)
    {
        var loader = new LogLoader(surroundings, directory, options);
        var log = new PartitionLog(surroundings, directory, partition, options, loader.Load(recoveryPoint.Value, logStart.Value, cleanShutdown));
        if (log.LogEndOffset - log.RecoveryPoint >= options.FlushMessages)
        {
            // What recovery found was perhaps written and not flushed, and nobody was told of it yet. From now on this replica answers for it.
            log.Flush();
        }

        return log;
    }

    /// <summary>
    /// The end of the largest known epoch that is not above the one asked for; false when nothing is known of it.
    /// </summary>
    public bool EndOffsetForEpoch(LeaderEpoch asked, out LeaderEpoch epoch, out Offset end) =>
        Epochs.TryGetEnd(asked, LogEndOffset, out epoch, out end);

    /// <summary>Notes that a leadership begins at the log's end, also when it writes nothing (KAFKA-7415).</summary>
    public void BeginEpoch(LeaderEpoch epoch)
    {
        lock (_gate)
        {
            Epochs.Assign(epoch, LogEndOffset);
        }
    }

    /// <summary>
    /// What read_committed may read up to: the high watermark, or the first transaction below it that is not settled. Never below the log's
    /// start, although the records with which such a transaction began may be deleted: nobody could read from there.
    /// </summary>
    public Offset LastStableOffset(Offset highWatermark)
    {
        long unstable = Volatile.Read(ref _firstUnstable);
        return unstable >= 0 && unstable < highWatermark.Value && !Plants.IsOn(Plant.StableOffsetPastOpen)
            ? Offset.Min(Offset.Max(new Offset(unstable), LogStart), highWatermark)
            : highWatermark;
    }

    /// <summary>The high watermark moved: transactions whose markers are below it no longer hold back the last stable offset.</summary>
    public void AdvanceHighWatermark(Offset highWatermark)
    {
        if (Volatile.Read(ref _firstUnstable) < 0)
        {
            return;
        }

        lock (_gate)
        {
            _producers.AdvanceHighWatermark(highWatermark.Value);
            PublishFirstUnstable();
        }
    }

    /// <summary>All producers that are known, by id.</summary>
    public IReadOnlyList<ProducerDescription> DescribeProducers()
    {
        lock (_gate)
        {
            return _producers.Describe();
        }
    }

    /// <summary>
    /// Begins to verify that the coordinator of a transaction knows of its writes to this partition (KIP-890). No guard when the transaction
    /// is open here already, as only its first batch needs one.
    /// </summary>
    /// <param name="addsPartition">The coordinator is asked to add the partition, not only whether it was added.</param>
    /// <returns>None, or InvalidProducerEpoch for an epoch that is over.</returns>
    public ErrorCode BeginVerification(ProducerId producer, short epoch, int sequence, bool addsPartition, out VerificationGuard? guard)
    {
        lock (_gate)
        {
            return _producers.BeginVerification(producer.Value, epoch, sequence, addsPartition, _surroundings.NowMs, out guard);
        }
    }

    /// <summary>Forgets producers that were silent for longer than <see cref="LogOptions.ProducerIdExpirationMs"/>. Answers how many.</summary>
    public int ExpireProducers()
    {
        lock (_gate)
        {
            return _producers.IsEmpty ? 0 : _producers.Expire(_surroundings.NowMs, Options.ProducerIdExpirationMs);
        }
    }

    /// <summary>
    /// Stops the log in good order: everything flushed, indexes and producers written. Slices that are still held stay readable.
    /// </summary>
    /// <exception cref="IOException">The disk failed; the directory must not be marked as cleanly left.</exception>
    public void Close()
    {
        lock (_flushGate)
            lock (_gate)
            {
                if (_closed)
                {
                    return;
                }

                _closed = true;
                try
                {
                    if (!_failed)
                    {
                        CloseInOrder();
                    }
                }
                finally
                {
                    _failed = true;
                    foreach (Segment segment in _segments)
                    {
                        segment.Close();
                    }
                }
            }
    }

    /// <summary>The directory failed elsewhere: this log takes and gives nothing more. Takes no lock and may be called from anywhere.</summary>
    public void FenceOff() => _failed = true;

    /// <summary>Stops the log without writing anything, for a directory that failed or is about to be removed.</summary>
    public void Abandon()
    {
        lock (_nameGate)
            lock (_gate)
            {
                _isAbandoned = true;
                _closed = true;
                _failed = true;
                foreach (Segment segment in _segments)
                {
                    segment.Close();
                }
            }
    }

    private void CloseInOrder()
    {
        long end = _end.Offset;
        Segment active = _segments[^1];
        active.Seal(durable: false);
        WriteSnapshots();

        // Neither this nor the epochs are flushed, which would take seconds with thousands of logs: a snapshot that a loss of power
        // damaged is known by its checksum, epochs by the last batch, and both can be made again from the log.
        if (_snapshots.Count == 0 || _snapshots[^1] < end)
        {
            WriteSnapshot(end, ProducerSnapshot.Encode(_producers.Entries), durable: false);
        }

        Epochs.PersistForRecords(_surroundings.Disk, new Offset(end));
        if (_recoveryPoint < end || _indexesFlushedTo < active.BaseOffset)
        {
            FlushSegments(Math.Min(_recoveryPoint, _indexesFlushedTo), end);
            Volatile.Write(ref _recoveryPoint, end);
        }
    }

    private void PublishFirstUnstable() => Volatile.Write(ref _firstUnstable, _producers.FirstUnstableOffset ?? -1);

    private void Publish(LogEnd end) => _end = end;

    /// <summary>The segment that holds the offset, or the last one below it; the first one for offsets before it.</summary>
    private static int IndexOf(Segment[] segments, long offset)
    {
        // Nearly every read is near the end.
        for (int i = segments.Length - 1; i >= Math.Max(segments.Length - 3, 0); i--)
        {
            if (segments[i].BaseOffset <= offset)
            {
                return i;
            }
        }

        int low = 0, high = segments.Length - 1;
        while (low < high)
        {
            int middle = low + ((high - low + 1) / 2);
            (low, high) = segments[middle].BaseOffset <= offset ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private AppendResult Fence(Exception reason)
    {
        if (!_failed)
        {
            _failed = true;
            _surroundings.Events.Failed(this, reason);
        }

        return AppendResult.Refused(ErrorCode.KafkaStorageError, LogEndOffset);
    }

    private void RequireUsable()
    {
        if (_failed)
        {
            throw new IOException($"The log {Directory} is closed or its disk failed");
        }
    }
}
