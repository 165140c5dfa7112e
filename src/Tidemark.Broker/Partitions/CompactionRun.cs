using Tidemark.Broker.Cluster;
using Tidemark.Broker.Runtime;
using Tidemark.Metadata.Configuration;
using Tidemark.Records;
using Tidemark.Storage.Compaction;
using Tidemark.Storage.Directories;

namespace Tidemark.Broker.Partitions;

/// <summary>
/// Goes through the steps of one compaction, no faster than <c>log.cleaner.io.max.bytes.per.second</c>: a step that came too early makes
/// the next one wait, on the clock and not on a thread.
/// </summary>
/// <param name="onFailed">The disk failed, or a batch cannot be read.</param>
/// <param name="onDone">All steps are done; true when more of the log is clean than before.</param>
internal sealed class CompactionRun(
    BrokerEnvironment environment,
    DelayQueue delays,
    StoredPartition stored,
    CompactionRange range,
    ClusterState cluster,
    LogDirectories directories,
    Action<Exception> onFailed,
    Action<bool> onDone)
{
    /// <summary>A turn gives the thread back after this many bytes, throttled or not.</summary>
    private const long BytesPerTurn = 16 << 20;

    private const string Rate = "log.cleaner.io.max.bytes.per.second";

    /// <summary>Who waits looks again after this time, for the rate may have changed meanwhile.</summary>
    private const double WaitSecondsMax = 1;

    private double _bytesPerSecond = cluster.Config.GetDouble(Rate);
    private long _pacedFrom = environment.Time.GetTimestamp();
    private double _pacedBytes;
    private LogCompaction? _compaction;
    private IEnumerator<int>? _steps;
    private double _bytes;

    public void Start()
    {
        BrokerConfig config = cluster.Config;
        long buffer = config.GetLong("log.cleaner.dedupe.buffer.size") / Math.Max(1, config.GetInt("log.cleaner.threads"));
        _compaction = stored.Log.BeginCompaction(range, buffer);
        _steps = _compaction.Steps().GetEnumerator();
        Post();
    }

    private void Post() => environment.Background.Post($"compact {stored.Log.Partition}", Turn);

    private void Turn()
    {
        try
        {
            double until = _bytes + BytesPerTurn;
            while (_bytes < until && Wait() <= TimeSpan.Zero)
            {
                if (directories.TryGetFuture(stored.Log.Partition, out _))
                {
                    // The copy begins when this has ended.
                    _steps!.Dispose();
                    onDone(false);
                    return;
                }

                if (!_steps!.MoveNext())
                {
                    _steps.Dispose();
                    directories.KeepCleanerOffset(stored, _compaction!);
                    onDone(_compaction!.CleanedTo > range.FirstDirty);
                    return;
                }

                _bytes += _steps.Current;
                _pacedBytes += _steps.Current;
            }
        }
        catch (FileNotFoundException) when (!stored.Log.IsFailed && _compaction!.IsOvertaken)
        {
            // Retention was quicker; the next run finds what is left.
            _steps!.Dispose();
            onDone(false);
            return;
        }
        catch (Exception e) when (e is IOException or InvalidRecordException)
        {
            _steps!.Dispose();
            onFailed(e);
            return;
        }

        TimeSpan wait = Wait();
        if (wait > TimeSpan.Zero)
        {
            delays.Run(Post, wait);
        }
        else
        {
            Post();
        }
    }

    /// <summary>How much too early it is for what was done so far.</summary>
    private TimeSpan Wait()
    {
        double rate = cluster.Config.GetDouble(Rate);
        if (rate != _bytesPerSecond)
        {
            (_bytesPerSecond, _pacedFrom, _pacedBytes) = (rate, environment.Time.GetTimestamp(), 0);
        }

        double due = _pacedBytes / _bytesPerSecond;
        double passed = environment.Time.GetElapsedTime(_pacedFrom).TotalSeconds;
        return due > passed ? TimeSpan.FromSeconds(Math.Min(due - passed, WaitSecondsMax)) : TimeSpan.Zero;
    }
}
