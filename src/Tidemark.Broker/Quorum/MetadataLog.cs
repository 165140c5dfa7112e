using Tidemark.Metadata.Configuration;
using Tidemark.Metadata.Image;
using Tidemark.Metadata.Records;
using Tidemark.Primitives;
using Tidemark.Protocol;
using Tidemark.Protocol.Messages;
using Tidemark.Raft;
using Tidemark.Records;
using Tidemark.Storage.Files;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Quorum;

/// <summary>
/// The metadata log on its disk: segments in a partition's format, and beside them snapshots that stand for everything below them.
/// Appending and flushing belong to the driver's turn; a snapshot may be written beside them.
/// </summary>
internal sealed class MetadataLog
{
    private const int ReadBytes = 4 * 1024 * 1024;

    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly RetentionLimits _limits;
    private readonly Lock _snapshotsLock = new();
    private readonly List<(SnapshotId Id, long TimestampMs, long Bytes)> _snapshots = [];

    private MetadataLog(IDisk disk, string directory, PartitionLog log, RetentionLimits limits)
    {
        _disk = disk;
        _directory = directory;
        Log = log;
        _limits = limits;
    }

    public PartitionLog Log { get; }

    /// <summary>The quorum's own version: 0 for fixed voters, 1 for voters in the log.</summary>
    public short KRaftVersion { get; private set; }

    /// <summary>The voters that the log names; null when they are fixed.</summary>
    public IReadOnlyList<Voter>? Voters { get; private set; }

    /// <summary>The end of the newest snapshot; zero when there is none.</summary>
    public Offset SnapshotEnd
    {
        get
        {
            lock (_snapshotsLock)
            {
                return _snapshots.Count == 0 ? Offset.Zero : _snapshots[^1].Id.EndOffset;
            }
        }
    }

    /// <summary>Opens the log and replays the newest snapshot and all that follows it.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is committed cannot be read.</exception>
    public static MetadataLog Open(LogSurroundings surroundings, QuorumOptions options, out MetadataReplay replay)
    {
        string directory = options.LogDirectory;
        IDisk disk = surroundings.Disk;
        BrokerConfig config = options.Config;
        disk.CreateDirectory(directory);
        var limits = new RetentionLimits(config.GetLong("metadata.max.retention.bytes"), config.GetLong("metadata.max.retention.ms"));
        var snapshots = new List<(SnapshotId Id, long Bytes)>();
        foreach (DiskEntry entry in disk.List(directory))
        {
            if (entry.Name.EndsWith(SnapshotId.PartialSuffix, StringComparison.Ordinal))
            {
                disk.DeleteFile(Path.Combine(directory, entry.Name));
            }
            else if (SnapshotId.TryParse(entry.Name, out SnapshotId id))
            {
                snapshots.Add((id, entry.Length));
            }
        }

        snapshots.Sort((a, b) => a.Id.CompareTo(b.Id));
        SnapshotId? newest = snapshots.Count == 0 ? null : snapshots[^1].Id;
        Offset snapshotEnd = newest?.EndOffset ?? Offset.Zero;
        var logOptions = new LogOptions
        {
            SegmentBytes = (config.Find("internal.metadata.log.segment.bytes") ?? config.Find("metadata.log.segment.bytes"))!.AsInt(),
            SegmentMs = config.GetLong("metadata.log.segment.ms"),
            RetentionMs = -1,
            RetentionBytes = -1,
            Deletes = false,
        };

        // Everything that was answered was flushed; only what lies above the snapshot may have a torn end.
        PartitionLog partition = PartitionLog.Open(
            surroundings, directory, new TopicPartition(TopicImage.ClusterMetadata, 0), logOptions, snapshotEnd, Offset.Zero, cleanShutdown: false);
        if (partition.LogEndOffset < snapshotEnd || partition.LogStart > snapshotEnd)
        {
            if (partition.LogStart > snapshotEnd)
            {
                throw new InvalidDataException($"{directory}: the log begins at {partition.LogStart}, and no snapshot reaches that far");
            }

            partition.TruncateFullyAndStartAt(snapshotEnd);
        }

        var log = new MetadataLog(disk, directory, partition, limits);
        replay = log.Replay(newest);
        foreach ((SnapshotId id, long bytes) in snapshots)
        {
            log._snapshots.Add((id, id == newest ? log._newestTimestampMs : -1, bytes));
        }

        return log;
    }

    /// <summary>Appends one batch at the log's end.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public Offset Append(Memory<byte> batch, LeaderEpoch epoch)
    {
        AppendResult result = Log.AppendAsLeader(batch.Span, epoch, AppendOrigin.Quorum);
        return result.Error == ErrorCode.None ? result.End : throw new IOException($"The metadata log took no batch: {result.Error}");
    }

    /// <summary>Writes a snapshot of a committed image, then removes segments and snapshots that are old or too many.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void WriteSnapshot(MetadataImage image, long nowMs)
    {
        var id = new SnapshotId(image.LastOffset + 1, image.LastEpoch);
        string path = Path.Combine(_directory, id.FileName);
        var snapshot = new Snapshot([.. ImageRecords.Of(image)], Math.Max(0, image.LastTimestampMs), KRaftVersion, Voters);
        SnapshotFile.Write(_disk, path, snapshot, id.Epoch, nowMs);
        long bytes = _disk.List(_directory).First(entry => entry.Name == id.FileName).Length;
        lock (_snapshotsLock)
        {
            _snapshots.Add((id, snapshot.LastTimestampMs, bytes));
            RemoveOld(nowMs);
        }
    }

    public void Close() => Log.Close();

    private long _newestTimestampMs = -1;

    /// <summary>The newest snapshot always stays. The log is cut only where a snapshot ends.</summary>
    private void RemoveOld(long nowMs)
    {
        while (_snapshots.Count > 1)
        {
            (SnapshotId oldest, long timestampMs, _) = _snapshots[0];
            long total = Log.SizeBytes + _snapshots.Sum(snapshot => snapshot.Bytes);
            bool isTooMuch = _limits.Bytes >= 0 && total > _limits.Bytes;
            bool isTooOld = _limits.Ms >= 0 && timestampMs >= 0 && nowMs - timestampMs > _limits.Ms;
            if (!isTooMuch && !isTooOld)
            {
                return;
            }

            _snapshots.RemoveAt(0);
            _disk.DeleteFile(Path.Combine(_directory, oldest.FileName));
            Log.AdvanceLogStart(_snapshots[0].Id.EndOffset);
            Log.Retain(_snapshots[0].Id.EndOffset);
        }
    }

    private MetadataReplay Replay(SnapshotId? newest)
    {
        MetadataImage start = MetadataImage.Empty;
        if (newest is { } id)
        {
            Snapshot snapshot = SnapshotFile.Read(_disk, Path.Combine(_directory, id.FileName));
            KRaftVersion = snapshot.KRaftVersion;
            Voters = snapshot.Voters;
            _newestTimestampMs = snapshot.LastTimestampMs;
            start = MetadataImage.Empty.Apply(snapshot.Records, id.EndOffset - 1, id.Epoch, snapshot.LastTimestampMs);
        }

        var replay = new MetadataReplay(start);
        var visitor = new Visitor(this, replay);
        Offset at = Offset.Max(Log.LogStart, newest?.EndOffset ?? Offset.Zero);
        byte[] buffer = new byte[ReadBytes];
        while (at < Log.LogEndOffset)
        {
            using LogSlice slice = Log.Read(at, ReadBytes, Log.LogEndOffset, atLeastOneBatch: true);
            if (slice.Error != ErrorCode.None || slice.IsEmpty)
            {
                throw new InvalidDataException($"{_directory}: nothing can be read at offset {at}: {slice.Error}");
            }

            if (slice.Length > buffer.Length)
            {
                buffer = new byte[slice.Length];
            }

            int length = slice.CopyTo(buffer);
            MetadataBatches.Walk(WholeBatches(buffer.AsSpan(0, length)), _directory, visitor);
            Invariant.Require(visitor.Next > at);
            at = visitor.Next;
        }

        return replay;
    }

    /// <summary>The slice may end within a batch.</summary>
    private static ReadOnlySpan<byte> WholeBatches(ReadOnlySpan<byte> bytes)
    {
        var walk = new BatchWalk(bytes);
        int end = 0;
        while (walk.MoveNext())
        {
            end = walk.Position + (int)walk.Current.SizeInBytes;
        }

        return bytes[..end];
    }

    private sealed record RetentionLimits(long Bytes, long Ms);

    private sealed class Visitor(MetadataLog log, MetadataReplay replay) : IMetadataBatchVisitor
    {
        public Offset Next { get; private set; }

        public void OnControl(ControlRecordType type, ReadOnlyMemory<byte> value)
        {
            var reader = new WireReader(value);
            if (type == ControlRecordType.KRaftVersion)
            {
                log.KRaftVersion = KRaftVersionRecord.Read(ref reader, 0).KRaftVersion;
            }
            else if (type == ControlRecordType.KRaftVoters)
            {
                log.Voters = SnapshotFile.VotersOf(VotersRecord.Read(ref reader, 0));
            }
        }

        public void OnControlBatch(Offset lastOffset, LeaderEpoch epoch, long timestampMs)
        {
            replay.Pass(lastOffset, epoch, timestampMs);
            Next = lastOffset + 1;
        }

        public void OnRecords(IReadOnlyList<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs)
        {
            replay.Replay(records, lastOffset, epoch, timestampMs);
            Next = lastOffset + 1;
        }
    }
}
