using Tidemark.Metadata.Image;

namespace Tidemark.Broker.Quorum;

public sealed partial class MetadataDriver
{
    private ITimer? _snapshotTimer;
    private long _bytesSinceSnapshot;
    private long _lastSnapshotMs;
    private int _snapshotIsRunning;

    private void StartSnapshots()
    {
        _bytesSinceSnapshot = Metadata.Log.SizeBytes;
        _lastSnapshotMs = NowMs;
        long interval = _options.Config.GetLong("metadata.log.max.snapshot.interval.ms");
        if (interval > 0)
        {
            // Kafka allows the whole range of a long; a timer does not, and a month is as good as never.
            TimeSpan period = TimeSpan.FromMilliseconds(Math.Min(interval, TimeSpan.FromDays(30).TotalMilliseconds));
            _snapshotTimer = _environment.Time.CreateTimer(_ => SnapshotIfDue(), null, period, period);
        }
    }

    private void StopSnapshots() => _snapshotTimer?.Dispose();

    /// <summary>Writes a snapshot beside other work when enough was appended, or when the last one is old and anything was.</summary>
    private void SnapshotIfDue()
    {
        MetadataImage image = _committed;
        long interval = _options.Config.GetLong("metadata.log.max.snapshot.interval.ms");
        bool isNew = image.LastOffset + 1 > Metadata.SnapshotEnd;
        bool isMuch = Volatile.Read(ref _bytesSinceSnapshot) >= _options.Config.GetLong("metadata.log.max.record.bytes.between.snapshots");
        bool isOld = interval > 0 && NowMs - Volatile.Read(ref _lastSnapshotMs) >= interval;
        if (!isNew || !(isMuch || isOld) || Volatile.Read(ref _isStopped) || Interlocked.Exchange(ref _snapshotIsRunning, 1) != 0)
        {
            return;
        }

        Volatile.Write(ref _bytesSinceSnapshot, 0);
        Volatile.Write(ref _lastSnapshotMs, NowMs);
        _environment.Background.Post("metadata snapshot", () =>
        {
            try
            {
                if (Volatile.Read(ref _isStopped))
                {
                    return;
                }

                Metadata.WriteSnapshot(image, NowMs);
                QuorumLog.Snapshot(_log, image.LastOffset + 1);
            }
            catch (IOException e)
            {
                QuorumLog.SnapshotFailed(_log, e);
            }
            finally
            {
                Volatile.Write(ref _snapshotIsRunning, 0);
            }
        });
    }
}
