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
/// Appending, cutting and flushing belong to the driver's turn; a snapshot may be written beside them.
/// </summary>
internal sealed partial class MetadataLog
{
    private const int ReadBytes = 4 * 1024 * 1024;

    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly RetentionLimits _limits;
    private byte[] _readBuffer = [];

    /// <summary>Never changed but replaced, by the driver's turn only: a snapshot that is written beside it reads the sets that were in force at one time.</summary>
    private volatile VotersAt[] _voters = [];

    private MetadataLog(IDisk disk, string directory, PartitionLog log, RetentionLimits limits)
    {
        _disk = disk;
        _directory = directory;
        Log = log;
        _limits = limits;
    }

    public PartitionLog Log { get; }

    /// <summary>Every set of voters that the newest snapshot and the log behind it name, oldest first; empty when they are fixed.</summary>
    public IReadOnlyList<VotersAt> Voters => _voters;

    /// <summary>The quorum's own version: 0 for fixed voters, 1 for voters in the log.</summary>
    public short KRaftVersion => _voters is [.., var last] ? last.Voters.KRaftVersion : (short)0;

    /// <summary>Opens the log. Nothing is replayed yet.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">What is committed cannot be read.</exception>
    public static MetadataLog Open(LogSurroundings surroundings, QuorumOptions options)
    {
        string directory = options.LogDirectory;
        IDisk disk = surroundings.Disk;
        BrokerConfig config = options.Config;
        disk.CreateDirectory(directory);
        var limits = new RetentionLimits(config.GetLong("metadata.max.retention.bytes"), config.GetLong("metadata.max.retention.ms"));
        List<(SnapshotId Id, long Bytes)> snapshots = ListSnapshots(disk, directory);
        Offset snapshotEnd = snapshots.Count == 0 ? Offset.Zero : snapshots[^1].Id.EndOffset;
        var logOptions = new LogOptions
        {
            SegmentBytes = (config.Find("internal.metadata.log.segment.bytes") ?? config.Find("metadata.log.segment.bytes"))!.AsInt(),
            SegmentMs = config.GetLong("metadata.log.segment.ms"),
            RetentionMs = -1,
            RetentionBytes = -1,
            Deletes = false,
        };

        // Everything that was answered was flushed; only what lies above the snapshot may have a torn end.
        // The log begins where the oldest snapshot ends, as before the stop: the epochs of what its first segment holds below that are forgotten.
        Offset logStart = snapshots.Count == 0 ? Offset.Zero : snapshots[0].Id.EndOffset;
        PartitionLog partition = PartitionLog.Open(
            surroundings, directory, new TopicPartition(TopicImage.ClusterMetadata, 0), logOptions, snapshotEnd, logStart, cleanShutdown: false);
        if (partition.LogStart > snapshotEnd)
        {
            throw new InvalidDataException($"{directory}: the log begins at {partition.LogStart}, and no snapshot reaches that far");
        }

        if (partition.LogEndOffset < snapshotEnd)
        {
            partition.TruncateFullyAndStartAt(snapshotEnd);
        }

        var log = new MetadataLog(disk, directory, partition, limits);
        foreach ((SnapshotId id, long bytes) in snapshots)
        {
            log._snapshots.Add((id, -1, bytes));
        }

        return log;
    }

    /// <summary>The state as of the newest snapshot: where replaying begins. Voters are known up to there.</summary>
    /// <exception cref="InvalidDataException">The snapshot cannot be read.</exception>
    public MetadataImage ReadSnapshot()
    {
        if (NewestId is not { } id)
        {
            _voters = [];
            return MetadataImage.Empty;
        }

        Snapshot snapshot = SnapshotFile.Read(_disk, Path.Combine(_directory, id.FileName));
        _voters = snapshot.Voters is { } voters ? [new VotersAt(id.EndOffset - 1, new VoterSet(snapshot.KRaftVersion, voters))] : [];
        SetTimestamp(id, snapshot.LastTimestampMs);
        return MetadataImage.Empty.Apply(snapshot.Records, id.EndOffset - 1, id.Epoch, snapshot.LastTimestampMs);
    }

    /// <summary>Replays what stands from an offset up to another. Sets of voters that come up are remembered.</summary>
    /// <returns>Where it ended.</returns>
    /// <exception cref="InvalidDataException">The log cannot be read.</exception>
    public Offset Replay(MetadataReplay replay, Offset from, Offset to)
    {
        var visitor = new Visitor(this, replay, from);
        while (visitor.Next < to)
        {
            ReadOnlySpan<byte> bytes = Read(visitor.Next, to);
            Offset before = visitor.Next;
            MetadataBatches.Walk(bytes, _directory, visitor);
            Invariant.Require(visitor.Next > before);
        }

        return visitor.Next;
    }

    /// <summary>Appends one batch at the log's end.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public Offset Append(Memory<byte> batch, LeaderEpoch epoch)
    {
        AppendResult result = Log.AppendAsLeader(batch.Span, epoch, new AppendTerms(AppendOrigin.Quorum));
        return result.Error == ErrorCode.None ? result.End : throw new IOException($"The metadata log took no batch: {result.Error}");
    }

    public void Close() => Log.Close();

    /// <summary>Whole batches from an offset on; they are valid until the next read.</summary>
    private ReadOnlySpan<byte> Read(Offset from, Offset to)
    {
        using LogSlice slice = Log.Read(from, ReadBytes, to, atLeastOneBatch: true);
        if (slice.Error != ErrorCode.None || slice.IsEmpty)
        {
            throw new InvalidDataException($"{_directory}: nothing can be read at offset {from}: {slice.Error}");
        }

        if (slice.Length > _readBuffer.Length)
        {
            _readBuffer = new byte[slice.Length];
        }

        return WholeBatches(_readBuffer.AsSpan(0, slice.CopyTo(_readBuffer)));
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

    private sealed class Visitor(MetadataLog log, MetadataReplay? replay, Offset next) : IMetadataBatchVisitor
    {
        private short _version = log.KRaftVersion;

        public Offset Next { get; private set; } = next;

        public void OnControl(ControlRecordType type, ReadOnlyMemory<byte> value, Offset offset)
        {
            var reader = new WireReader(value);
            if (type == ControlRecordType.KRaftVersion)
            {
                _version = KRaftVersionRecord.Read(ref reader, 0).KRaftVersion;
            }
            else if (type == ControlRecordType.KRaftVoters)
            {
                log.Remember(new VotersAt(offset, new VoterSet(_version, SnapshotFile.VotersOf(VotersRecord.Read(ref reader, 0)))));
            }
        }

        public void OnControlBatch(Offset lastOffset, LeaderEpoch epoch, long timestampMs)
        {
            replay?.Pass(lastOffset, epoch, timestampMs);
            Next = lastOffset + 1;
        }

        public void OnRecords(IReadOnlyList<MetadataRecord> records, Offset lastOffset, LeaderEpoch epoch, long timestampMs)
        {
            replay?.Replay(records, lastOffset, epoch, timestampMs);
            Next = lastOffset + 1;
        }
    }
}
