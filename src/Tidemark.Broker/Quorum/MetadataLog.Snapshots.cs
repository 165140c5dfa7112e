using Tidemark.Metadata.Image;
using Tidemark.Primitives;
using Tidemark.Raft;
using Tidemark.Storage.Files;

namespace Tidemark.Broker.Quorum;

/// <summary>The snapshots beside the log: written here, or copied from the leader piece by piece.</summary>
internal sealed partial class MetadataLog
{
    private readonly Lock _snapshotsLock = new();
    private readonly List<(SnapshotId Id, long TimestampMs, long Bytes)> _snapshots = [];
    private (SnapshotId Id, IDiskFile File)? _copying;

    /// <summary>The end of the newest snapshot; zero when there is none.</summary>
    public Offset SnapshotEnd => NewestId?.EndOffset ?? Offset.Zero;

    public LogPosition? OldestSnapshot
    {
        get
        {
            lock (_snapshotsLock)
            {
                return _snapshots.Find(each => each.Id.EndOffset > Offset.Zero) is { Id.EndOffset.Value: > 0 } oldest ? PositionOf(oldest.Id) : null;
            }
        }
    }

    public LogPosition? NewestSnapshot => NewestId is { EndOffset.Value: > 0 } newest ? PositionOf(newest) : null;

    private SnapshotId? NewestId
    {
        get
        {
            lock (_snapshotsLock)
            {
                return _snapshots.Count == 0 ? null : _snapshots[^1].Id;
            }
        }
    }

    /// <summary>Writes a snapshot of a committed image, then removes segments and snapshots that are old or too many.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void WriteSnapshot(MetadataImage image, long nowMs)
    {
        var id = new SnapshotId(image.LastOffset + 1, image.LastEpoch);
        string path = Path.Combine(_directory, id.FileName);
        VoterSet? voters = VotersBelow(id.EndOffset);
        if (id.EndOffset <= SnapshotEnd)
        {
            // One came from the leader meanwhile. It was put into the list before the voters of this one were forgotten: only now is it sure that they were known.
            return;
        }

        var snapshot = new Snapshot([.. ImageRecords.Of(image)], Math.Max(0, image.LastTimestampMs), voters?.KRaftVersion ?? 0, voters?.Voters);
        SnapshotFile.Write(_disk, path, snapshot, id.Epoch, nowMs);
        Add(id, snapshot.LastTimestampMs, nowMs);
    }

    /// <summary>
    /// Reads a piece of a snapshot for another member; null when there is no such snapshot or no such position. The snapshot of a formatted directory is
    /// for nobody else: the first leader writes what it holds into the log. The disk is read without the lock. A snapshot that is removed before it is
    /// opened is not there; one that is open stays readable when its name goes.
    /// </summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public ReadOnlyMemory<byte>? ReadPiece(LogPosition snapshot, long position, int bytesMax, out long size)
    {
        var id = new SnapshotId(snapshot.EndOffset, snapshot.Epoch);
        size = -1;
        if (id.EndOffset <= Offset.Zero || !Has(id))
        {
            return null;
        }

        IDiskFile file;
        try
        {
            file = _disk.OpenFile(Path.Combine(_directory, id.FileName), DiskOpen.Existing);
        }
        catch (IOException) when (!Has(id))
        {
            return null;
        }

        using (file)
        {
            size = file.Length;
            if (position < 0 || position >= size)
            {
                return null;
            }

            byte[] piece = new byte[Math.Min(size - position, Math.Max(1, bytesMax))];
            return piece.AsMemory(0, file.Read(position, piece));
        }
    }

    /// <summary>Writes a piece that the leader sent. Pieces of another snapshot begin a new file.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void WritePiece(LogPosition snapshot, long position, ReadOnlySpan<byte> piece)
    {
        var id = new SnapshotId(snapshot.EndOffset, snapshot.Epoch);
        if (_copying?.Id != id)
        {
            Abandon();
            _copying = (id, _disk.OpenFile(PartialPath(id), DiskOpen.Create));
        }

        _copying!.Value.File.Write(position, piece);
    }

    /// <summary>Drops the pieces that came so far.</summary>
    public void Abandon()
    {
        if (_copying is { } copying)
        {
            copying.File.Dispose();
            _disk.DeleteFile(PartialPath(copying.Id));
            _copying = null;
        }
    }

    /// <summary>All pieces are there: the log begins anew at the snapshot's end. Answers the state that it holds.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="InvalidDataException">The pieces make no snapshot.</exception>
    public MetadataImage Install(LogPosition snapshot, long nowMs)
    {
        var id = new SnapshotId(snapshot.EndOffset, snapshot.Epoch);
        Invariant.Require(_copying?.Id == id);
        _copying!.Value.File.Flush();
        _copying.Value.File.Dispose();
        _copying = null;

        // Looked through before anything is given up for it.
        SnapshotFile.Read(_disk, PartialPath(id));
        _disk.Rename(PartialPath(id), Path.Combine(_directory, id.FileName));
        _disk.SyncDirectory(_directory);
        Log.TruncateFullyAndStartAt(id.EndOffset);
        Add(id, -1, nowMs);
        return ReadSnapshot();
    }

    private bool Has(SnapshotId id)
    {
        lock (_snapshotsLock)
        {
            return _snapshots.Exists(each => each.Id == id);
        }
    }

    private static LogPosition PositionOf(SnapshotId id) => new(id.EndOffset, id.Epoch);

    private string PartialPath(SnapshotId id) => Path.Combine(_directory, id.FileName + ".part");

    private static List<(SnapshotId Id, long Bytes)> ListSnapshots(IDisk disk, string directory)
    {
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
        return snapshots;
    }

    private void Add(SnapshotId id, long timestampMs, long nowMs)
    {
        long bytes = _disk.List(_directory).First(entry => entry.Name == id.FileName).Length;
        lock (_snapshotsLock)
        {
            _snapshots.Add((id, timestampMs, bytes));

            // One that was written here may be finished after a later one came from the leader.
            _snapshots.Sort(static (a, b) => a.Id.CompareTo(b.Id));
            RemoveOld(nowMs);
        }
    }

    private void SetTimestamp(SnapshotId id, long timestampMs)
    {
        lock (_snapshotsLock)
        {
            int at = _snapshots.FindIndex(each => each.Id == id);
            _snapshots[at] = _snapshots[at] with { TimestampMs = timestampMs };
        }
    }

    /// <summary>The newest snapshot always stays. The log is cut only where a snapshot ends.</summary>
    private void RemoveOld(long nowMs)
    {
        while (_snapshots.Count > 1)
        {
            (SnapshotId oldest, long timestampMs, _) = _snapshots[0];
            long total = Log.SizeBytes + _snapshots.Sum(snapshot => snapshot.Bytes);
            bool isTooMuch = _limits.Bytes >= 0 && total > _limits.Bytes;
            bool isTooOld = _limits.Ms >= 0 && timestampMs >= 0 && nowMs - timestampMs > _limits.Ms;
            bool isBelowStart = _snapshots[0].Id.EndOffset < Log.LogStart;
            if (!isTooMuch && !isTooOld && !isBelowStart)
            {
                return;
            }

            _snapshots.RemoveAt(0);
            _disk.DeleteFile(Path.Combine(_directory, oldest.FileName));
            Log.AdvanceLogStart(_snapshots[0].Id.EndOffset);
            Log.Retain(_snapshots[0].Id.EndOffset);
        }
    }
}
