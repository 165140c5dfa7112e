using System.Buffers;
using Tidemark.Broker.Connections;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Replication;

namespace Tidemark.Broker.Fetching;

/// <summary>
/// A fetch request from its first read to its answer. When the first read finds too little, the call registers with every partition and
/// waits: each that gets more to read adds to a count of bytes, and when that could be enough all are read again. A read is the only
/// judge of what there is; the count only spares useless ones. At its deadline the call answers what there is.
/// </summary>
internal sealed class FetchCall(Request request, FetchContext context, FetchSettings settings, PartitionRegistry partitions, FetchAnswer answer)
    : Delayed, IReadWaiter
{
    private readonly Lock _evaluation = new();
    private List<ReadRegistration>? _registrations;
    private long _missing;
    private int _woken;

    public void Start(DelayQueue delays)
    {
        if (TryAnswer(evenIfTooLittle: settings.MaxWait <= TimeSpan.Zero || context.Targets.Count == 0))
        {
            return;
        }

        // The deadline first: whatever happens from here on, the call ends.
        delays.Add(this, settings.MaxWait);
        Register();
    }

    public void OnProgress(long bytes)
    {
        if (IsFinished || Interlocked.Add(ref _missing, -bytes) > 0)
        {
            return;
        }

        // One evaluation at a time; whoever comes meanwhile leaves a note, and the one at work looks again.
        if (Interlocked.Increment(ref _woken) == 1)
        {
            int seen;
            do
            {
                seen = Volatile.Read(ref _woken);
                if (TryAnswer(evenIfTooLittle: false))
                {
                    return;
                }
            }
            while (Interlocked.Add(ref _woken, -seen) != 0);
        }
    }

    protected internal override void OnExpired()
    {
        Unregister();
        Respond(ReadAll(out int count, out _, out _), count);
    }

    /// <summary>Reads everything and answers when there is enough or nothing to wait for.</summary>
    private bool TryAnswer(bool evenIfTooLittle)
    {
        FetchedPartition[] results = ReadAll(out int count, out long bytes, out bool answerNow);
        if (!evenIfTooLittle && !answerNow && bytes < settings.MinBytes)
        {
            // Set before registration and before the next wake-up can count, so that no byte counts twice.
            Volatile.Write(ref _missing, settings.MinBytes - bytes);
            Release(results, count);
            return false;
        }

        if (!TryFinish())
        {
            Release(results, count);
            return true;
        }

        Unregister();
        Respond(results, count);
        return true;
    }

    private void Register()
    {
        bool moved = false;
        lock (_evaluation)
        {
            _registrations = [];
            for (FetchTarget? target = context.Targets.First; target is not null && !IsFinished; target = target.Next)
            {
                if (target.Partition is { } partition)
                {
                    var registration = new ReadRegistration(partition, this, settings.IsFollower);
                    if (partition.TryAwait(registration, target.SeenEnd))
                    {
                        _registrations.Add(registration);
                    }
                    else
                    {
                        moved = true;
                    }
                }
            }
        }

        if (IsFinished)
        {
            Unregister();
        }
        else if (moved)
        {
            OnProgress(long.MaxValue / 2);
        }
    }

    private void Unregister()
    {
        lock (_evaluation)
        {
            if (_registrations is null)
            {
                return;
            }

            foreach (ReadRegistration registration in _registrations)
            {
                registration.Partition.StopAwaiting(registration);
            }

            _registrations.Clear();
        }
    }

    private FetchedPartition[] ReadAll(out int count, out long bytes, out bool answerNow)
    {
        Lock? sessionLock = context.Lock;
        sessionLock?.Enter();
        try
        {
            FetchedPartition[] results = ArrayPool<FetchedPartition>.Shared.Rent(Math.Max(1, context.Targets.Count));
            count = 0;
            bytes = 0;
            answerNow = false;
            int room = settings.MaxBytes;
            for (FetchTarget? target = context.Targets.First; target is not null; target = target.Next)
            {
                FetchedPartition fetched = TryRead(target, room, first: bytes == 0);
                results[count++] = fetched;
                bytes += fetched.Result.Bytes;
                room = Math.Max(0, room - fetched.Result.Bytes);
                answerNow |= !fetched.Unknown && (fetched.Result.Error != ErrorCode.None || fetched.Result.Diverging is not null || fetched.Result.PreferredReplica is not null);
            }

            return results;
        }
        finally
        {
            sessionLock?.Exit();
        }
    }

    /// <summary>What goes wrong inside the broker with one partition is that partition's error, and the others are read.</summary>
    private FetchedPartition TryRead(FetchTarget target, int room, bool first)
    {
        try
        {
            return ReadOne(target, room, first);
        }
        catch (Exception e) when (e is not InvariantViolationException)
        {
            request.Connection.Report(request, e);
            return new FetchedPartition(target, PartitionReadResult.Failed(ErrorCode.UnknownServerError), false);
        }
    }

    private FetchedPartition ReadOne(FetchTarget target, int room, bool first)
    {
        Partition? partition = Find(target, out ErrorCode unknown);
        target.Partition = partition;
        if (partition is null)
        {
            return new FetchedPartition(target, PartitionReadResult.Failed(unknown), Unknown: unknown != ErrorCode.NotLeaderOrFollower);
        }

        FollowerFetch? follower = settings.IsFollower
            ? new FollowerFetch(settings.Follower, target.FetchOffset, target.LastFetchedEpoch, target.LogStart, settings.FollowerEpoch)
            : null;
        PartitionReadResult result = partition.Read(new PartitionRead(
            target.FetchOffset,
            Math.Max(0, Math.Min(target.MaxBytes, room)),
            AtLeastOneBatch: first,
            settings.ReadCommitted,
            target.CurrentLeaderEpoch.Value < 0 ? LeaderEpoch.Unknown : target.CurrentLeaderEpoch,
            target.LastFetchedEpoch.Value < 0 ? LeaderEpoch.Unknown : target.LastFetchedEpoch,
            follower,
            MayReadAtFollower: request.ApiVersion >= 11,
            settings.Rack));
        if (result.Slice is { } slice && (target.MaxBytes < 0 || settings.MaxBytes < 0))
        {
            // A limit below zero matters only where there is something to limit.
            slice.Dispose();
            return new FetchedPartition(target, PartitionReadResult.Failed(ErrorCode.InvalidFetchSize), false);
        }

        target.SeenEnd = settings.IsFollower ? result.LogEnd : result.HighWatermark;
        return new FetchedPartition(target, result, false);
    }

    private Partition? Find(FetchTarget target, out ErrorCode unknown)
    {
        FetchKey key = target.Key;
        TopicPartitions? topic;
        bool known = key.Topic is null ? partitions.TryFind(key.TopicId, out topic) : partitions.TryFind(key.Topic, out topic);
        if (known)
        {
            target.KnownAs = topic!.Name;
        }

        unknown = known || key.Topic is not null ? topic?.WhyMissing(key.Partition) ?? ErrorCode.UnknownTopicOrPartition
            : target.KnownAs is null ? ErrorCode.UnknownTopicId
            : partitions.TryFind(target.KnownAs, out TopicPartitions? successor) && successor.Find(key.Partition) is not null ? ErrorCode.InconsistentTopicId
            : ErrorCode.UnknownTopicOrPartition;
        return topic?.Find(key.Partition);
    }

    /// <summary>Sends only after the session is let go: who is woken by the answer asks again at once, and on another thread would wait for this one.</summary>
    private void Respond(FetchedPartition[] results, int count)
    {
        if (TryCompose(results, count, out ErrorCode error) is { } frame)
        {
            request.Respond(frame);
        }
        else
        {
            answer.SendError(request, error);
        }
    }

    private OutboundFrame? TryCompose(FetchedPartition[] results, int count, out ErrorCode error)
    {
        Lock? sessionLock = context.Lock;
        sessionLock?.Enter();
        try
        {
            error = context.CheckCurrent();
            if (error != ErrorCode.None)
            {
                Release(results, count);
                return null;
            }

            context.BeforeTelling(results.AsSpan(0, count));
            if (settings.IsFollower)
            {
                foreach (ref readonly FetchedPartition fetched in results.AsSpan(0, count))
                {
                    fetched.Target.Partition?.OnSentToFollower(fetched.Result.Bytes);
                }
            }

            OutboundFrame frame = answer.Compose(request, context, settings, results.AsSpan(0, count));
            ArrayPool<FetchedPartition>.Shared.Return(results, clearArray: true);
            return frame;
        }
        finally
        {
            sessionLock?.Exit();
        }
    }

    private static void Release(FetchedPartition[] results, int count)
    {
        foreach (ref readonly FetchedPartition fetched in results.AsSpan(0, count))
        {
            fetched.Result.Slice?.Dispose();
        }

        ArrayPool<FetchedPartition>.Shared.Return(results, clearArray: true);
    }
}
