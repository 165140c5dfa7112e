using Tidemark.Client.Cluster;
using Tidemark.Primitives;

namespace Tidemark.Client.Consuming;

/// <summary>
/// Reads partitions that it is given, without a group. One fetch is under way at each leader; the next one is sent before the
/// answer to the last is handed out. A partition that cannot be read at the moment holds back no other. For one caller at a time.
/// </summary>
public sealed class Consumer(ClusterClient cluster, ConsumerOptions options)
{
    private readonly Dictionary<TopicPartition, long> _positions = [];
    private readonly List<LeaderFetch> _fetches = [];

    /// <summary>Partitions whose beginning is still to be looked up.</summary>
    private readonly Dictionary<TopicPartition, OffsetSpec> _unplaced = [];

    /// <summary>Partitions that are not fetched before metadata has come anew.</summary>
    private readonly HashSet<TopicPartition> _held = [];

    private Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>>? _recovery;
    private bool _hasRecovered;
    private long? _troubledSince;
    private ClientException? _failure;

    /// <summary>Where reading goes on in each partition of which that is known.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Positions => _positions;

    /// <summary>Whether there is any partition to read.</summary>
    public bool IsReading => _positions.Count + _unplaced.Count > 0;

    /// <summary>Reads the partition from that offset on.</summary>
    public void Assign(TopicPartition partition, long offset)
    {
        _unplaced.Remove(partition);
        _positions[partition] = offset;
    }

    /// <summary>
    /// Reads the partitions from the offsets that the brokers find; a time after all records means their end. A partition that cannot tell at the moment is
    /// asked again while the others are read.
    /// </summary>
    /// <exception cref="BrokerErrorException">There is no such partition, or its leader refuses to say.</exception>
    public async Task AssignAsync(IEnumerable<TopicPartition> partitions, OffsetSpec from, CancellationToken cancellation = default)
    {
        KeyValuePair<TopicPartition, OffsetSpec>[] asked = [.. partitions.Select(partition => KeyValuePair.Create(partition, from))];
        foreach ((TopicPartition partition, _) in asked)
        {
            Displace(partition, from);
        }

        try
        {
            Place(await LookUpAsync(asked, cancellation));
        }
        catch (ClientException error) when (cluster.MayPass(error))
        {
            Note(error);
        }

        if (Take(ref _failure) is { } failure)
        {
            throw failure;
        }

        if (from != OffsetSpec.Latest)
        {
            TopicPartition[] none = [.. asked.Select(one => one.Key).Where(partition => _unplaced.GetValueOrDefault(partition, from) != from)];
            await (none.Length > 0 ? AssignAsync(none, OffsetSpec.Latest, cancellation) : Task.CompletedTask);
        }
    }

    /// <summary>Reads the partition no more. What a fetch under way brings of it is dropped.</summary>
    public void Unassign(TopicPartition partition)
    {
        _positions.Remove(partition);
        _unplaced.Remove(partition);
        _held.Remove(partition);
    }

    /// <summary>Waits for the next answer of any leader. It may bring nothing, when nothing was written for as long as brokers wait.</summary>
    /// <exception cref="BrokerErrorException">A partition has an error that does not pass by itself.</exception>
    /// <exception cref="ClientException">Nothing but errors came for <see cref="ClientOptions.RetryMax"/>; this is the last of them.</exception>
    public async Task<FetchedRecords> FetchAsync(CancellationToken cancellation = default)
    {
        SendFetches();
        if (Take(ref _failure) is { } failure)
        {
            throw failure;
        }

        if (_fetches.Count == 0 && _recovery is null)
        {
            await Task.Delay(cluster.Options.RetryBackoff, cancellation);
            return FetchedRecords.None;
        }

        await Task.WhenAny(_fetches.Select(fetch => (Task)fetch.Answer).Concat(_recovery is null ? [] : [_recovery])).WaitAsync(cancellation);
        await EndRecoveryAsync();
        return _fetches.Find(fetch => fetch.Answer.IsCompleted) is { } done ? await TakeAsync(done) : FetchedRecords.None;
    }

    private static bool MayPass(ClientException error) =>
        error is BrokerUnreachableException or RequestTimedOutException || (error is BrokerErrorException broker && broker.Code.IsRetriable());

    private static ClientException? Take(ref ClientException? failure) => Interlocked.Exchange(ref failure, null);

    private async Task<FetchedRecords> TakeAsync(LeaderFetch done)
    {
        _fetches.Remove(done);
        try
        {
            FetchedRecords records = done.Take(await done.Answer, _positions, options.ChecksCrc, options.ReadCommitted);
            _troubledSince = done.Errors.Count == 0 ? null : _troubledSince;
            foreach ((TopicPartition partition, ErrorCode error) in done.Errors)
            {
                if (error == ErrorCode.OffsetOutOfRange && options.WhenOutOfRange is { } from)
                {
                    Displace(partition, from);
                }
                else
                {
                    _held.Add(partition);
                    Note(new BrokerErrorException(error, $"Reading {partition}"));
                }
            }

            SendFetches();
            return records;
        }
        catch (ClientException error) when (MayPass(error))
        {
            _held.UnionWith(done.Partitions);
            Note(error);
            return FetchedRecords.None;
        }
    }

    /// <summary>Sends a fetch to every leader at which none is under way. Partitions without a leader are held until metadata has come anew.</summary>
    private void SendFetches()
    {
        ClusterMetadata metadata = cluster.Metadata;
        HashSet<TopicPartition> busy = [.. _held, .. _fetches.SelectMany(fetch => fetch.Partitions)];
        foreach (IGrouping<BrokerId, TopicPartition> led in _positions.Keys.Where(partition => !busy.Contains(partition)).GroupBy(metadata.LeaderOf).ToArray())
        {
            if (led.Key != BrokerId.None)
            {
                _fetches.Add(LeaderFetch.Send(cluster, metadata, led.Key, led, _positions, options));
                continue;
            }

            _held.UnionWith(led);
            foreach (TopicPartition partition in led.Where(partition => metadata.Topics.ContainsKey(partition.Topic)))
            {
                ErrorCode error = metadata.Topics[partition.Topic].Error;
                Note(error == ErrorCode.None ? new BrokerErrorException(ErrorCode.LeaderNotAvailable, $"Partition {partition}") : new BrokerErrorException(error, $"Topic {partition.Topic}"));
            }
        }

        if (_held.Count + _unplaced.Count > 0)
        {
            _recovery ??= RecoverAsync([.. _positions.Keys.Concat(_unplaced.Keys).Select(partition => partition.Topic).Distinct()], [.. _unplaced]);
        }
    }

    /// <summary>Asks for metadata, and for the beginnings that are not known. It runs beside the fetches and touches nothing that is theirs.</summary>
    private async Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> RecoverAsync(string[] topics, KeyValuePair<TopicPartition, OffsetSpec>[] unplaced)
    {
        if (_hasRecovered)
        {
            await Task.Delay(cluster.Options.RetryBackoff);
        }

        await cluster.RefreshOnceAsync(topics);
        return await LookUpAsync(unplaced);
    }

    private Task<IReadOnlyDictionary<TopicPartition, OffsetAnswer>> LookUpAsync(KeyValuePair<TopicPartition, OffsetSpec>[] wanted, CancellationToken cancellation = default) =>
        cluster.ListOffsetsAsync(wanted, cancellation, options.ReadCommitted && !wanted.Any(one => one.Value.HasBound), once: true);

    private async Task EndRecoveryAsync()
    {
        if (_recovery is not { IsCompleted: true } recovery)
        {
            return;
        }

        _recovery = null;
        _hasRecovered = true;
        _held.Clear();
        try
        {
            Place(await recovery);
        }
        catch (ClientException error) when (MayPass(error))
        {
            Note(error);
        }
    }

    private void Displace(TopicPartition partition, OffsetSpec from)
    {
        _positions.Remove(partition);
        _unplaced[partition] = from;
    }

    /// <summary>Begins where the brokers say; where no record was found for a time, at the end, which is looked up too.</summary>
    private void Place(IReadOnlyDictionary<TopicPartition, OffsetAnswer> found)
    {
        foreach ((TopicPartition partition, OffsetAnswer answer) in found)
        {
            if (!_unplaced.TryGetValue(partition, out OffsetSpec from))
            {
                continue;
            }

            if (answer.Error != ErrorCode.None)
            {
                Note(new BrokerErrorException(answer.Error, $"Looking up an offset of {partition}"));
            }
            else if (answer.Offset >= 0)
            {
                Assign(partition, from.Begin(answer.Offset));
            }
            else if (from != OffsetSpec.Latest)
            {
                _unplaced[partition] = OffsetSpec.Latest;
            }
        }
    }

    /// <summary>Remembers an error for the next who asks, unless it may pass and other than errors came not too long ago.</summary>
    private void Note(ClientException error)
    {
        _troubledSince ??= Environment.TickCount64;
        if (!MayPass(error) || Environment.TickCount64 - _troubledSince > cluster.Options.RetryMax.TotalMilliseconds)
        {
            _failure ??= error;
        }
    }
}
