using Microsoft.Extensions.Logging;
using Tidemark.Broker.Links;
using Tidemark.Broker.Partitions;
using Tidemark.Broker.Runtime;
using Tidemark.Primitives;
using Tidemark.Protocol.Messages;
using Tidemark.Replication;
using Tidemark.Storage.Logs;

namespace Tidemark.Broker.Replicating;

/// <summary>
/// Fetches many partitions from one leader over one connection, one request after another, for as long as it has any. A partition that
/// met an error rests for a while without holding up the others. When partitions are added while a request waits at the leader, the
/// request is given up: what follows a failover must not wait for the end of a long poll.
/// </summary>
internal sealed partial class ReplicaFetcher(BrokerId source, string purpose, FetcherServices services)
{
    private static readonly TimeSpan s_firstRest = TimeSpan.FromMilliseconds(20);
    private readonly Lock _lock = new();
    private readonly Dictionary<Partition, Rest> _partitions = [];
    private readonly FetcherSession _session = new();
    private NodeLink? _asking;
    private bool _isRunning;
    private bool _isNew;
    private bool _isClosed;
    private int _failures;

    /// <summary>Begins to fetch these as well.</summary>
    public void Add(IReadOnlyList<Partition> partitions)
    {
        NodeLink? interrupted;
        lock (_lock)
        {
            foreach (Partition partition in partitions)
            {
                _partitions[partition] = default;
            }

            // What failed before they came says nothing of them: a fetcher that had lost its leader may have found it again.
            (_isNew, _failures) = (true, 0);
            interrupted = _asking;
        }

        interrupted?.Close();
        Begin();
    }

    public void Remove(Partition partition)
    {
        lock (_lock)
        {
            _partitions.Remove(partition);
        }
    }

    /// <summary>Stops for good.</summary>
    public void Close()
    {
        NodeLink? interrupted;
        lock (_lock)
        {
            _isClosed = true;
            _partitions.Clear();
            interrupted = _asking;
        }

        interrupted?.Close();
    }

    private void Begin()
    {
        lock (_lock)
        {
            if (_isRunning || _isClosed)
            {
                return;
            }

            _isRunning = true;
        }

        // Not on the caller's thread, which is publishing metadata.
        services.Environment.Background.Post(purpose, () => _ = Run());
    }

    private async Task Run()
    {
        while (Collect(out List<WantedPartition> wanted, out TimeSpan? rest))
        {
            if (wanted.Count == 0 || services.AddressOf(source) is not { } address)
            {
                // Nothing that may be asked for now.
                Pause(wanted.Count == 0 ? rest!.Value : services.Options.Backoff);
                return;
            }

            if (!await Fetch(services.Links.To(address, purpose), wanted, rest))
            {
                _session.Reset();
                if (TakeNew())
                {
                    continue;
                }

                Pause(BackoffOf(_failures++));
                return;
            }

            _failures = 0;
        }
    }

    /// <summary>What to ask for, and how long until a resting partition is due. False when there is nothing left to do.</summary>
    private bool Collect(out List<WantedPartition> wanted, out TimeSpan? rest)
    {
        TimeSpan now = services.Now;
        wanted = [];
        rest = null;
        List<Partition>? gone = null;
        lock (_lock)
        {
            foreach ((Partition partition, Rest resting) in _partitions)
            {
                if (resting.Until > now)
                {
                    TimeSpan left = resting.Until - now;
                    rest = rest is { } shortest && shortest < left ? shortest : left;
                }
                else if (partition.Position() is not { } at || at.Follower.Leader != source)
                {
                    // Metadata brings it back, if ever, here or at another leader's fetcher.
                    (gone ??= []).Add(partition);
                }
                else if (!resting.IsCaughtUp && partition.FollowerWait() is { Ticks: > 0 } wait)
                {
                    // Throttled. What is in sync never waits: producers would wait with it.
                    rest = rest is { } shortest && shortest < wait ? shortest : wait;
                }
                else
                {
                    wanted.Add(new WantedPartition(partition, at));
                }
            }

            foreach (Partition partition in gone ?? [])
            {
                _partitions.Remove(partition);
            }

            _isNew = false;
            _isRunning = _partitions.Count > 0;
            if (!_isRunning)
            {
                // By the time there is something to fetch again the source may have begun another life, which knows nothing of the session.
                _session.Reset();
                services.Cluster.Silence?.Answered(source);
            }

            return _isRunning;
        }
    }

    private bool TakeNew()
    {
        lock (_lock)
        {
            return _isNew;
        }
    }

    private async Task<bool> Fetch(NodeLink link, List<WantedPartition> wanted, TimeSpan? rest)
    {
        TimeSpan wait = rest is { } due && due < services.Options.WaitMax ? due : services.Options.WaitMax;
        var request = new FetchRequest
        {
            ReplicaState = new FetchRequest.ReplicaStateValue { ReplicaId = services.Self.Value, ReplicaEpoch = services.BrokerEpoch },
            MaxWaitMs = (int)wait.TotalMilliseconds,
            MinBytes = services.Options.MinBytes,
            MaxBytes = services.Options.ResponseBytesMax,
        };
        IReadOnlyList<Partition> moved = _session.Ask(request, wanted, services.Options.PartitionBytesMax);
        if (moved.Count > 0 && !await Keep(moved))
        {
            return false;
        }

        lock (_lock)
        {
            if (_isNew)
            {
                return false;
            }

            _asking = link;
        }

        services.Cluster.Silence?.Asked(source);
        try
        {
            // From version 15 on the replica's epoch is told (KIP-903): without it an earlier life's fetch could count.
            using LinkAnswer<FetchResponse> answer = await link.SendLeased<FetchRequest, FetchResponse>(
                request, services.Options.AnswerTimeout + wait, lowestVersion: 15);
            Answered();
            services.Cluster.Silence?.Answered(source);
            if (answer.Message.ErrorCode != ErrorCode.None)
            {
                FetcherLog.Refused(services.Log, source, answer.Message.ErrorCode);
                return request.SessionEpoch > 0 && IsSessionLost(answer.Message.ErrorCode);
            }

            _session.Accept(answer.Message);
            await Take(link, wanted, answer.Message);
            return true;
        }
        catch (LinkException e)
        {
            Answered();
            if (e.End is LinkEnd.ClosedByPeer or LinkEnd.Refused)
            {
                services.Cluster.Silence?.Ended(source);
            }

            FetcherLog.Unreachable(services.Log, source, e.Message);
            return false;
        }
    }

    /// <summary>
    /// The leader answers that records are deleted once all replicas have told it of a start behind them. One that comes back from a crash with them could
    /// be elected. False when a disk failed, and what it holds is not known.
    /// </summary>
    private async ValueTask<bool> Keep(IReadOnlyList<Partition> moved)
    {
        PartitionLog[] logs = [.. moved.Select(partition => partition.Log).OfType<PartitionLog>()];
        await services.LogStarts.Keep(logs);
        return logs.Length == moved.Count && !logs.Any(log => log.IsFailed);
    }

    /// <summary>The leader has forgotten the session, or counts otherwise. A full request begins another, and there is nothing to wait for.</summary>
    private bool IsSessionLost(ErrorCode error)
    {
        bool isLost = error is ErrorCode.FetchSessionIdNotFound or ErrorCode.InvalidFetchSessionEpoch;
        if (isLost)
        {
            _session.Reset();
        }

        return isLost;
    }

    private void Answered()
    {
        lock (_lock)
        {
            _asking = null;
        }
    }

    /// <summary>
    /// Doubles from a short one on: right after an election the new leader often hears of it a moment later than its followers.
    /// </summary>
    private TimeSpan BackoffOf(int count)
    {
        TimeSpan rest = s_firstRest * (1 << Math.Min(count, 10));
        return rest < services.Options.Backoff ? rest : services.Options.Backoff;
    }

    private void Pause(TimeSpan time)
    {
        lock (_lock)
        {
            _isRunning = false;
        }

        services.Delays.Run(Begin, time);
    }

    /// <summary>How long a partition is left alone, how many errors in a row it met, and whether it had all that is committed at the last answer.</summary>
    private readonly record struct Rest(TimeSpan Until, int Count, bool IsCaughtUp = false);
}
